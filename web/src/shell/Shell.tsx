import { ActionIcon } from '@mantine/core';
import { useHotkeys, useNetwork } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useIdentity, useSession } from '../features/session/browser';
import { Restoring } from '../features/session/Restoring';
import { uploadFiles } from '../features/transfers/uploads';
import { useUploadResults } from '../features/transfers/useUploadResults';
import { DropCurtain } from './DropCurtain';
import { usePageDrops } from './drops';
import { placesFor } from './places';
import classes from './shell.module.css';
import { useDropAnywhere } from './useDropAnywhere';

// What floats over the page comes right after it: neither is needed to read it.
const AccountMenu = lazy(() => import('./AccountMenu').then((module) => ({ default: module.AccountMenu })));
const Tray = lazy(() => import('../features/transfers/Tray').then((module) => ({ default: module.Tray })));
const loadSearch = () => import('./Search');
const Search = lazy(() => loadSearch().then((module) => ({ default: module.Search })));

function Brand() {
  return (
    <Link to="/" className={classes.brand}>
      <img src="/icon.svg" alt="" width={28} height={28} />
      Bedel
    </Link>
  );
}

/** The frame around every page of a logged-in person: rail, search, tray, and files dropped anywhere. */
export function Shell() {
  const state = useSession();
  return state.kind === 'signed-in' ? <Frame /> : <Restoring />;
}

function Frame() {
  const { t } = useTranslation();
  const identity = useIdentity();
  const { online } = useNetwork();
  const [searching, setSearching] = useState(false);
  const beforeSearch = useRef<HTMLElement | null>(null);
  const openSearch = () => {
    beforeSearch.current = document.activeElement as HTMLElement | null;
    setSearching(true);
  };
  const closeSearch = (opened: boolean) => {
    setSearching(false);
    const next = opened ? main.current : beforeSearch.current;
    next?.focus({ preventScroll: true });
  };
  const drops = usePageDrops();
  const dropping = useDropAnywhere(drops?.take ?? uploadFiles);
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (router) => router.location.pathname });
  const firstPath = useRef(path);
  useUploadResults();
  // Whoever presses Ctrl-K types on at once.
  useEffect(() => {
    const timer = setTimeout(() => void loadSearch().catch(() => undefined), 1_500);
    return () => clearTimeout(timer);
  }, []);
  useHotkeys([['mod+K', openSearch]], []);
  // A screen reader hears the new page, and Tab starts inside it; before it is painted, so that no key goes astray.
  useLayoutEffect(() => {
    if (firstPath.current !== path) main.current?.focus({ preventScroll: true });
    firstPath.current = path;
  }, [path]);

  return (
    <>
      <a href="#main" className="skip">
        {t('app.skip')}
      </a>
      <div role="status">{online ? null : <div className={classes.banner}>{t('app.offline')}</div>}</div>
      <div className={classes.frame}>
        <header className={classes.top}>
          <Brand />
          <ActionIcon variant="subtle" color="gray" size={44} aria-label={t('nav.search')} onClick={openSearch}>
            <IconSearch size={20} aria-hidden />
          </ActionIcon>
          <Suspense fallback={<span className={classes.account} style={{ width: 40, height: 40 }} />}>
            <AccountMenu compact />
          </Suspense>
        </header>
        <nav className={classes.rail} aria-label={t('nav.label')}>
          <Brand />
          <button type="button" className={classes.find} onClick={openSearch}>
            <IconSearch size={16} aria-hidden />
            {t('nav.search')}
            <kbd>Ctrl K</kbd>
          </button>
          <ul className={classes.places}>
            {placesFor(identity.role).map(({ key, to, icon: Icon }) => (
              <li key={key}>
                <Link to={to} className={classes.place} activeOptions={{ exact: to === '/', includeSearch: false }}>
                  <Icon size={20} stroke={1.75} aria-hidden />
                  <span>{t(`nav.${key}`)}</span>
                </Link>
              </li>
            ))}
          </ul>
          <Suspense>
            <AccountMenu />
          </Suspense>
        </nav>
        <main id="main" className={classes.main} tabIndex={-1} ref={main}>
          <Outlet />
        </main>
      </div>
      <Suspense>
        <Tray without={path === '/' ? 'unfinished' : 'nothing'} />
      </Suspense>
      {dropping ? <DropCurtain label={drops?.label} /> : null}
      <Suspense>{searching ? <Search onClose={closeSearch} /> : null}</Suspense>
    </>
  );
}
