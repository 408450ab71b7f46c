import { Link, useRouterState } from '@tanstack/react-router';
import { useLayoutEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useIdentity } from '../features/session/browser';
import { type SectionKey, subPlacesOf } from './places';
import classes from './subnav.module.css';

/** The pages of one section, beside each other. */
export function SubNav({ section }: { section: SectionKey }) {
  const { t } = useTranslation();
  const identity = useIdentity();
  const places = subPlacesOf(section, identity.role);
  const list = useRef<HTMLUListElement>(null);
  const path = useRouterState({ select: (router) => router.location.pathname });
  // On a phone they do not all fit: the one that is open is in view, without moving the page.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is another place to show
  useLayoutEffect(() => {
    const here = list.current?.querySelector<HTMLElement>('[aria-current=page]');
    if (list.current && here)
      list.current.scrollLeft = here.offsetLeft - (list.current.clientWidth - here.offsetWidth) / 2;
  }, [path]);
  if (places.length < 2) return null;
  return (
    <nav className={classes.nav} aria-label={t(`nav.${section}`)}>
      <ul className={classes.list} ref={list}>
        {places.map(({ key, to }) => (
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
