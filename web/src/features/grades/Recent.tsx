import { Skeleton, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './grades.module.css';
import { useRecent } from './useFigures';

/** On a wall, as many as fit are read; in a page, all that live tells. */
const ON_A_WALL = 8;

/** The newest records, as they come. */
export function Recent({ wall }: { wall: boolean }) {
  const { t } = useTranslation();
  const items = useRecent(true);
  const shown = wall ? items?.slice(0, ON_A_WALL) : items;
  return (
    <div className={`panel ${classes.recent}`}>
      <h2>{t('grades.recent')}</h2>
      {shown === null || shown === undefined ? (
        <Skeleton height={120} />
      ) : shown.length === 0 ? (
        <Text c="dimmed" size="sm">
          {t('grades.noRecent')}
        </Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={classes.scroll} tabIndex={0} aria-label={t('grades.recent')}>
          <table>
            <thead>
              <tr>
                <th>{t('grades.carnet')}</th>
                <th>{t('grades.name')}</th>
                <th>{t('grades.course')}</th>
                <th>{t('grades.semester')}</th>
                <th>{t('grades.grade')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ carnet, nombre, curso, semestre, year, nota }) => (
                <tr key={`${carnet} ${curso} ${semestre} ${year}`}>
                  <td>{carnet}</td>
                  <td className="ellipsis">{nombre}</td>
                  <td>{curso}</td>
                  <td>
                    {semestre} {year}
                  </td>
                  <td>{nota}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}
