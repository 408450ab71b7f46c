import { Skeleton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { RequestView } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { StateMark } from './Marks';
import { useRoomNames } from './names';
import classes from './rooms.module.css';

/** What a request asks for, in a few words. */
function useWish(): (request: RequestView) => string {
  const { t } = useTranslation();
  const formats = useFormats();
  return (request) =>
    [
      request.classrooms > 0 ? `${t('rooms.shapes.classroom')}: ${formats.number(request.classrooms)}` : '',
      request.labs > 0 ? `${t('rooms.shapes.lab')}: ${formats.number(request.labs)}` : '',
      request.rooms.mobile_labs.length > 0
        ? `${t('rooms.shapes.mobile')}: ${formats.number(request.rooms.mobile_labs.length)}`
        : '',
    ]
      .filter((part) => part !== '')
      .join(' · ');
}

export function RequestRow({ request, open }: { request: RequestView; open: boolean }) {
  const formats = useFormats();
  const names = useRoomNames();
  const wish = useWish();
  return (
    <li>
      <Link
        from="/rooms/requests"
        to="/rooms/requests"
        search={(before) => ({ ...before, request: request.id, ask: undefined })}
        resetScroll={false}
        className={classes.row}
        data-open={open}
        data-request={request.id}
        data-state={request.state}
        aria-current={open ? 'true' : undefined}
      >
        <span style={{ minWidth: 0 }}>
          <span className={`${classes.title} ellipsis`}>{names.program(request.program)}</span>
          <span className={`${classes.sub} ellipsis`}>{names.faculty(request.faculty)}</span>
        </span>
        <span className={classes.wide}>{request.semester}</span>
        <span className={`${classes.wide} ${classes.dim} ellipsis`}>{wish(request)}</span>
        <span>
          <StateMark state={request.state} />
        </span>
        <span className={`${classes.wide} ${classes.dim}`} title={formats.dateTime(request.asked_at)}>
          {formats.date(request.asked_at)}
          <span className={classes.sub}>{formats.time(Date.parse(request.asked_at))}</span>
        </span>
      </Link>
    </li>
  );
}

export function RequestColumns() {
  const { t } = useTranslation();
  return (
    <div className={classes.columns} aria-hidden>
      <span>{t('rooms.program')}</span>
      <span className={classes.wide}>{t('nav.semester')}</span>
      <span className={classes.wide}>{t('rooms.asks')}</span>
      <span>{t('rooms.stateLabel')}</span>
      <span className={classes.wide}>{t('rooms.when')}</span>
    </div>
  );
}

export function RequestSkeletons() {
  return (
    <ul className={classes.list} aria-hidden>
      {['58%', '42%', '66%', '50%', '38%', '61%'].map((width) => (
        <li key={width}>
          <div className={classes.row}>
            <span style={{ width }}>
              <Skeleton height={12} mb={8} />
              <Skeleton height={10} width="50%" />
            </span>
            <Skeleton height={12} className={classes.wide} />
            <Skeleton height={12} className={classes.wide} />
            <Skeleton height={20} radius={10} width={92} />
            <Skeleton height={12} className={classes.wide} />
          </div>
        </li>
      ))}
    </ul>
  );
}
