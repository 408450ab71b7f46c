import { Button, Group, NumberInput, Skeleton, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { GradeWithHistory } from '../../api/grades';
import { ApiError } from '../../api/problem';
import { useFormats } from '../../i18n/format';
import { SidePanel } from '../../shell/SidePanel';
import { Failure, failureKey, RequestId } from '../../shell/states';
import { TextLink } from '../../shell/TextLink';
import { say } from '../../shell/toasts';
import { useIdentity } from '../session/browser';
import { GradeMark } from './GradeTable';
import { enter, useGrade } from './grades';
import classes from './list.module.css';
import { mayWrite } from './rights';

interface GradePanelProps {
  id: string;
  onClose: () => void;
  onChanged: () => void;
}

/** One grade: whose, of what, who entered it, what it was before; and its correction. */
export function GradePanel({ id, onClose, onChanged }: GradePanelProps) {
  const { t } = useTranslation();
  const identity = useIdentity();
  const grade = useGrade(id);
  return (
    <SidePanel
      id={id}
      label={t('grades.details')}
      title={grade.data?.nombre ?? t('grades.details')}
      closeLabel={t('grades.closeDetails')}
      origin={`[data-grade="${CSS.escape(id)}"]`}
      onClose={onClose}
    >
      {grade.isPending ? (
        <Skeleton height={240} />
      ) : grade.data === undefined ? (
        <Failure error={grade.error} retry={() => void grade.refetch()} />
      ) : (
        <>
          <Facts grade={grade.data} />
          {mayWrite(identity, grade.data.curso) ? (
            <Correction key={`${id} ${grade.data.nota}`} grade={grade.data} onCorrected={onChanged} />
          ) : null}
          <History grade={grade.data} />
        </>
      )}
    </SidePanel>
  );
}

function Facts({ grade }: { grade: GradeWithHistory }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const facts: [string, string][] = [
    [t('grades.carnet'), String(grade.carnet)],
    [t('grades.course'), grade.curso],
    [t('grades.semester'), `${grade.semestre} ${grade.year}`],
    [t('grades.enteredBy'), grade.entered_by],
    [t('grades.enteredAt'), formats.dateTime(grade.entered_at)],
    [t('grades.cameBy'), t(`grades.route.${grade.route}`)],
  ];
  return (
    <>
      <p className={classes.big} data-current={grade.nota}>
        <GradeMark grade={grade} />
      </p>
      <dl className={classes.facts}>
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Text size="sm">
        <TextLink to="/grades/list" search={{ carnet: grade.carnet }} inherit>
          {t('grades.allOfStudent')}
        </TextLink>
      </Text>
    </>
  );
}

function Correction({ grade, onCorrected }: { grade: GradeWithHistory; onCorrected: () => void }) {
  const { t } = useTranslation();
  const [nota, setNota] = useState<number | string>('');
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (typeof nota !== 'number' || !Number.isInteger(nota) || nota < 0 || nota > 100) {
      setFault(t('grades.fault.nota'));
      return;
    }
    if (nota === grade.nota) {
      setFault(t('grades.same'));
      return;
    }
    setBusy(true);
    setError(null);
    const { carnet, nombre, curso, semestre, year } = grade;
    try {
      await enter({ carnet, nombre, curso, nota, semestre, year }, key);
      say(t('grades.corrected', { name: nombre, from: grade.nota, to: nota }));
      onCorrected();
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  const told = error instanceof ApiError ? error.fieldMessage('nota') : undefined;
  return (
    <form onSubmit={submit} noValidate className={classes.correction}>
      <NumberInput
        label={t('grades.newGrade')}
        description={t('grades.correctionHint')}
        hideControls
        allowDecimal={false}
        allowNegative={false}
        value={nota}
        onChange={(next) => {
          setNota(next);
          setKey(crypto.randomUUID());
          setFault(null);
          setError(null);
        }}
        error={fault ?? told}
      />
      {error === null || told !== undefined ? null : (
        <Text size="sm" c="var(--bedel-bad)" role="alert" component="div">
          {t(failureKey(error))} <RequestId error={error} />
        </Text>
      )}
      <Group justify="flex-end">
        <Button type="submit" variant="default" loading={busy}>
          {t('grades.correct')}
        </Button>
      </Group>
    </form>
  );
}

function History({ grade }: { grade: GradeWithHistory }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <section aria-labelledby="history-heading">
      <h3 id="history-heading" className={classes.heading}>
        {t('grades.history')}
      </h3>
      {grade.history.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('grades.noHistory')}
        </Text>
      ) : (
        <ol className={classes.history}>
          {grade.history.map(({ nota, changed_by, changed_at }, index) => (
            <li key={`${changed_at} ${nota}`}>
              <span>
                {t('grades.change', { from: nota, to: grade.history[index - 1]?.nota ?? grade.nota })}
                <small>{changed_by}</small>
              </span>
              <time dateTime={changed_at} title={formats.dateTime(changed_at)}>
                {formats.date(changed_at)} {formats.time(Date.parse(changed_at))}
              </time>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
