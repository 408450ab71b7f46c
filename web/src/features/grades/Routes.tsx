import { Skeleton, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { RouteFigure } from '../../api/grades';
import { useFormats } from '../../i18n/format';
import { Failure } from '../../shell/states';
import classes from './grades.module.css';
import { useRoutes } from './statistics';

/** The two ways in, beside each other: the comparison that the split is for. */
export function Routes({ wall }: { wall: boolean }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const query = useRoutes();
  const routes = query.data;
  const all = routes?.reduce((sum, one) => sum + one.count, 0) ?? 0;
  return (
    <section className={`panel ${classes.routes}`} aria-label={t('grades.routes')} aria-busy={query.isPending}>
      <h2>
        {t('grades.routes')}
        {routes !== undefined && query.isError ? (
          <small>{t('failure.stale', { time: formats.time(query.dataUpdatedAt) })}</small>
        ) : null}
      </h2>
      {query.isPending ? (
        <Skeleton height={wall ? '60%' : 132} />
      ) : routes === undefined ? (
        <Failure compact error={query.error} retry={() => void query.refetch()} />
      ) : routes.length === 0 ? (
        <Text c="dimmed" size="sm">
          {t('grades.routesAway')}
        </Text>
      ) : (
        <>
          <div className={classes.pair}>
            {routes.map((route) => (
              <Route key={route.route} route={route} />
            ))}
          </div>
          {all === 0 ? null : (
            <div className={classes.split}>
              {routes.map(({ route, count }) => (
                <span key={route} data-route={route} style={{ flexGrow: Math.max(count, all / 20) }}>
                  <span className="visually-hidden">
                    {t('grades.share', { name: t(`grades.route.${route}`), share: formats.percent(count / all) })}
                  </span>
                  <span aria-hidden>{formats.percent(count / all)}</span>
                </span>
              ))}
            </div>
          )}
        </>
      )}
    </section>
  );
}

function Route({ route }: { route: RouteFigure }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const ms = (value: number | null) =>
    value === null ? t('common.none') : t('grades.ms', { number: formats.number(value, value < 10 ? 1 : 0) });
  const number = (value: number | null) => (value === null ? t('common.none') : formats.number(value));
  const figures: [string, string, boolean?][] = [
    ['p50', ms(route.p50_ms)],
    ['p99', ms(route.p99_ms)],
    [t('grades.errors'), number(route.errors), (route.errors ?? 0) > 0],
    [t('grades.replicas'), number(route.replicas), route.replicas === 0],
    [t('grades.records'), formats.number(route.count)],
  ];
  return (
    <article className={classes.route} data-route={route.route}>
      <h3>
        {t(`grades.route.${route.route}`)}
        <small>{t(`grades.routeWay.${route.route}`)}</small>
      </h3>
      <p className={classes.middle}>
        <span className="visually-hidden">{t('grades.rateLabel')}: </span>
        {route.rate === null
          ? t('common.none')
          : t('grades.rate', { number: formats.number(route.rate, route.rate < 10 ? 1 : 0) })}
      </p>
      <dl>
        {figures.map(([label, value, bad]) => (
          <div key={label} data-bad={bad}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </article>
  );
}
