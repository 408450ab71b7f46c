import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { session } from '../features/session/browser';
import { NotFound } from './NotFound';
import { Shell } from './Shell';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

/** Only a path of this portal is a place to return to after logging in. */
function returnPath(search: Record<string, unknown>): { next?: string } {
  const next = search.next;
  return typeof next === 'string' && next.startsWith('/') && !next.startsWith('//') ? { next } : {};
}

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: returnPath,
  component: lazyRouteComponent(() => import('../features/session/LoginPage'), 'LoginPage'),
});

const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  validateSearch: returnPath,
  component: lazyRouteComponent(() => import('../features/session/RegisterPage'), 'RegisterPage'),
});

const campus = createRoute({
  getParentRoute: () => root,
  id: 'campus',
  component: Shell,
  beforeLoad: ({ location }) => {
    if (session.state.kind === 'signed-out') {
      throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } });
    }
  },
});

const home = createRoute({
  getParentRoute: () => campus,
  path: '/',
  component: lazyRouteComponent(() => import('../features/home/HomePage'), 'HomePage'),
});

/** What the file list shows; kept in the address, so that a view can be shared and survives a reload. */
export interface FilesSearch {
  q?: string;
  type?: string;
  category?: string;
  owner?: 'me';
  sort?: string;
  file?: string;
}

const files = createRoute({
  getParentRoute: () => campus,
  path: '/files',
  validateSearch: (search: Record<string, unknown>): FilesSearch => {
    const text = (name: string) => (typeof search[name] === 'string' && search[name] !== '' ? search[name] : undefined);
    return {
      q: text('q'),
      type: text('type'),
      category: text('category'),
      owner: search.owner === 'me' ? 'me' : undefined,
      sort: text('sort'),
      file: text('file'),
    };
  },
  component: lazyRouteComponent(() => import('../features/files/FilesPage'), 'FilesPage'),
});

const system = createRoute({
  getParentRoute: () => campus,
  path: '/system',
  component: lazyRouteComponent(() => import('../features/system/SystemPage'), 'SystemPage'),
});

const admin = createRoute({
  getParentRoute: () => campus,
  path: '/admin',
  component: lazyRouteComponent(() => import('../features/users/UsersPage'), 'UsersPage'),
});

const tokens = createRoute({
  getParentRoute: () => campus,
  path: '/account/tokens',
  component: lazyRouteComponent(() => import('../features/session/TokensPage'), 'TokensPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([login, register, campus.addChildren([home, files, system, admin, tokens])]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
