import { useTranslation } from 'react-i18next';
import type { ReplicaStatus, RoleStatus } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { useRoleNames } from './names';
import { FreshMark, HealthMark, ReplicaMark } from './StateMark';
import { healthOf, readyReplicas } from './status';
import classes from './system.module.css';

/** How long a replica counts as just restarted, in milliseconds. */
const FRESH = 15_000;

function Replica({ replica }: { replica: ReplicaStatus }) {
  const { t } = useTranslation();
  const formats = useFormats();
  // A replica can die and be back between two looks: for a while, say that it did.
  const fresh = replica.state === 'ready' && replica.restarts > 0 && replica.uptime_ms < FRESH;
  const numbers: [string, string][] = [
    [t('system.cpu'), formats.percent(replica.cpu_percent / 100)],
    [t('system.memory'), formats.bytes(replica.memory_bytes)],
    [t('system.uptime'), formats.duration(replica.uptime_ms)],
    [t('system.restarts'), formats.number(replica.restarts)],
  ];
  return (
    <li className={classes.replica} data-replica={replica.id} data-state={replica.state} data-fresh={fresh}>
      <div className={classes.replicaHead}>
        <strong title={replica.pid === undefined ? undefined : t('system.pid', { pid: replica.pid })}>
          {replica.id}
        </strong>
        <ReplicaMark state={replica.state} />
        {fresh ? <FreshMark /> : null}
        {replica.leader ? <span className={classes.leader}>{t('system.leader')}</span> : null}
      </div>
      <dl className={classes.numbers}>
        {numbers.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

/** One role with its replicas. */
export function RoleCard({ role, door = false }: { role: RoleStatus; door?: boolean }) {
  const { t } = useTranslation();
  const names = useRoleNames();
  return (
    <section
      className={`panel ${classes.role} ${door ? classes.door : ''}`}
      aria-label={names.name(role.role)}
      data-role={role.role}
    >
      <div className={classes.roleHead}>
        <div>
          <h3>{names.name(role.role)}</h3>
          <span className={classes.duty}>{names.duty(role.role)}</span>
        </div>
        <HealthMark health={healthOf(role)} />
      </div>
      {role.desired === undefined || role.replicas === undefined ? null : (
        <>
          <p className={classes.count}>{t('system.replicas', { ready: readyReplicas(role), desired: role.desired })}</p>
          <ul className={classes.replicas}>
            {[...role.replicas]
              .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }))
              .map((replica) => (
                <Replica key={replica.id} replica={replica} />
              ))}
          </ul>
        </>
      )}
    </section>
  );
}
