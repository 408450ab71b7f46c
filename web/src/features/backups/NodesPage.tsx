import { Button, Skeleton, Stack, Text } from '@mantine/core';
import { IconPlugConnected, IconServer } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { BackupNode } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import { StandingMark } from '../../shell/StandingMark';
import { SubNav } from '../../shell/SubNav';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { Agents } from './Agents';
import { useBackupsNews, useNodes } from './backups';
import { nodeOf } from './health';
import { NodeRoom } from './NodeRoom';
import classes from './nodes.module.css';
import { useStanding } from './standing';

const EnrolNode = lazy(() => import('./EnrolNode').then((module) => ({ default: module.EnrolNode })));
const LimitNode = lazy(() => import('./LimitNode').then((module) => ({ default: module.LimitNode })));

/** The machines that are backed up: what they take, of how much, and the agents that may be called. */
export function NodesPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.backupNodes'));
  const formats = useFormats();
  const queries = useQueryClient();
  const live = useBackupsNews();
  const nodes = useNodes();
  const standing = useStanding(nodes, live);
  const [enrolling, setEnrolling] = useState(false);
  const [limiting, setLimiting] = useState<BackupNode | null>(null);
  const all = [...(nodes.data ?? [])].sort((a, b) => formats.compare(nodeOf(a), nodeOf(b)));
  return (
    <>
      <SubNav section="backups" />
      <PageHeader title={t('nav.backupNodes')} note={<StandingMark standing={standing} />}>
        <Button leftSection={<IconPlugConnected size={18} aria-hidden />} onClick={() => setEnrolling(true)}>
          {t('backups.enrol')}
        </Button>
      </PageHeader>
      <section className="panel" aria-label={t('nav.backupNodes')} aria-busy={nodes.isPending}>
        {nodes.isPending ? (
          <Stack p={16} aria-hidden>
            <Skeleton height={40} />
            <Skeleton height={40} />
          </Stack>
        ) : nodes.data === undefined ? (
          <Failure error={nodes.error} retry={() => void nodes.refetch()} />
        ) : all.length === 0 ? (
          <Blank
            icon={<IconServer size={40} stroke={1.25} aria-hidden />}
            title={t('backups.noNodes')}
            body={t('backups.noNodesBody')}
          />
        ) : (
          <ul className={classes.list}>
            {all.map((node) => (
              <li key={node.id} data-node={nodeOf(node)}>
                <div>
                  <Text size="sm" fw={500} className={classes.name}>
                    {nodeOf(node)}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {t('backups.paths', { number: formats.number(node.targets) })}
                    {node.agent === null ? ` · ${t('backups.noAgentYet')}` : ''}
                  </Text>
                </div>
                <NodeRoom used={node.used} quota={node.quota} />
                <Button
                  variant="default"
                  size="xs"
                  aria-label={`${t('backups.limit')}: ${nodeOf(node)}`}
                  onClick={() => setLimiting(node)}
                >
                  {t('backups.limit')}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </section>
      <Agents />
      <Suspense>
        {enrolling ? <EnrolNode onClose={() => setEnrolling(false)} /> : null}
        {limiting === null ? null : (
          <LimitNode
            node={limiting}
            onClose={() => setLimiting(null)}
            onLimited={() => void queries.invalidateQueries({ queryKey: ['backups'] })}
          />
        )}
      </Suspense>
    </>
  );
}
