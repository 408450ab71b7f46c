import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { type SectionKey, subPlacesOf } from './places';
import classes from './subnav.module.css';

/** The pages of one section, beside each other. */
export function SubNav({ section }: { section: SectionKey }) {
  const { t } = useTranslation();
  return (
    <nav className={classes.nav} aria-label={t(`nav.${section}`)}>
      <ul className={classes.list}>
        {subPlacesOf(section).map(({ key, to }) => (
          <li key={key}>
            <Link to={to} className={classes.place} activeOptions={{ exact: true, includeSearch: false }}>
              {t(`nav.${key}`)}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
