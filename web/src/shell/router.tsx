import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { session } from '../features/session/browser';
import { withTexts } from '../i18n';
import { NotFound } from './NotFound';
import { Shell } from './Shell';
import {
  auditSearch,
  backupLogSearch,
  backupSearch,
  backupsSearch,
  filesSearch,
  gradeListSearch,
  gradesSearch,
  membersSearch,
  returnPath,
  roomRequestsSearch,
  roomsSearch,
  statisticsSearch,
} from './searches';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

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

const share = createRoute({
  getParentRoute: () => root,
  path: '/s/$token',
  component: lazyRouteComponent(
    withTexts('sharing', () => import('../features/shares/SharePage')),
    'SharePage',
  ),
});

const voucher = createRoute({
  getParentRoute: () => root,
  path: '/v/$token',
  component: lazyRouteComponent(
    withTexts('sharing', () => import('../features/vouchers/GuestPage')),
    'GuestPage',
  ),
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

const files = createRoute({
  getParentRoute: () => campus,
  path: '/files',
  validateSearch: filesSearch,
  component: lazyRouteComponent(() => import('../features/files/FilesPage'), 'FilesPage'),
});

const requests = createRoute({
  getParentRoute: () => campus,
  path: '/files/requests',
  component: lazyRouteComponent(
    withTexts('sharing', () => import('../features/vouchers/VouchersPage')),
    'VouchersPage',
  ),
});

const trash = createRoute({
  getParentRoute: () => campus,
  path: '/files/trash',
  component: lazyRouteComponent(
    withTexts('trail', () => import('../features/trash/TrashPage')),
    'TrashPage',
  ),
});

const audit = createRoute({
  getParentRoute: () => campus,
  path: '/files/audit',
  validateSearch: auditSearch,
  component: lazyRouteComponent(
    withTexts('trail', () => import('../features/audit/AuditPage')),
    'AuditPage',
  ),
});

const statistics = createRoute({
  getParentRoute: () => campus,
  path: '/files/statistics',
  validateSearch: statisticsSearch,
  component: lazyRouteComponent(
    withTexts('trail', () => import('../features/statistics/StatisticsPage')),
    'StatisticsPage',
  ),
});

const rooms = createRoute({
  getParentRoute: () => campus,
  path: '/rooms',
  validateSearch: roomsSearch,
  component: lazyRouteComponent(
    withTexts('rooms', () => import('../features/rooms/RoomsPage')),
    'RoomsPage',
  ),
});

const roomRequests = createRoute({
  getParentRoute: () => campus,
  path: '/rooms/requests',
  validateSearch: roomRequestsSearch,
  component: lazyRouteComponent(
    withTexts('rooms', () => import('../features/rooms/RequestsPage')),
    'RequestsPage',
  ),
});

const members = createRoute({
  getParentRoute: () => campus,
  path: '/rooms/members',
  validateSearch: membersSearch,
  component: lazyRouteComponent(
    withTexts('rooms', () => import('../features/rooms/MembersPage')),
    'MembersPage',
  ),
});

const roomAlerts = createRoute({
  getParentRoute: () => campus,
  path: '/rooms/alerts',
  component: lazyRouteComponent(
    withTexts('rooms', () => import('../features/rooms/AlertsPage')),
    'AlertsPage',
  ),
});

const roomMetrics = createRoute({
  getParentRoute: () => campus,
  path: '/rooms/metrics',
  component: lazyRouteComponent(
    withTexts(
      'rooms',
      withTexts('trail', () => import('../features/rooms/MetricsPage')),
    ),
    'MetricsPage',
  ),
});

const grades = createRoute({
  getParentRoute: () => campus,
  path: '/grades',
  validateSearch: gradesSearch,
  component: lazyRouteComponent(
    withTexts(
      'grades',
      withTexts('trail', () => import('../features/grades/GradesPage')),
    ),
    'GradesPage',
  ),
});

const gradeList = createRoute({
  getParentRoute: () => campus,
  path: '/grades/list',
  validateSearch: gradeListSearch,
  component: lazyRouteComponent(
    withTexts('grades', () => import('../features/grades/GradeListPage')),
    'GradeListPage',
  ),
});

const backups = createRoute({
  getParentRoute: () => campus,
  path: '/backups',
  validateSearch: backupsSearch,
  component: lazyRouteComponent(
    withTexts('backups', () => import('../features/backups/BackupsPage')),
    'BackupsPage',
  ),
});

const backupNodes = createRoute({
  getParentRoute: () => campus,
  path: '/backups/nodes',
  component: lazyRouteComponent(
    withTexts('backups', () => import('../features/backups/NodesPage')),
    'NodesPage',
  ),
});

const backupLog = createRoute({
  getParentRoute: () => campus,
  path: '/backups/log',
  validateSearch: backupLogSearch,
  component: lazyRouteComponent(
    withTexts('backups', () => import('../features/backups/LogPage')),
    'LogPage',
  ),
});

const backupAlerts = createRoute({
  getParentRoute: () => campus,
  path: '/backups/alerts',
  component: lazyRouteComponent(
    withTexts('backups', () => import('../features/backups/AlertsPage')),
    'AlertsPage',
  ),
});

const backup = createRoute({
  getParentRoute: () => campus,
  path: '/backups/$backup',
  validateSearch: backupSearch,
  component: lazyRouteComponent(
    withTexts('backups', () => import('../features/backups/BackupPage')),
    'BackupPage',
  ),
});

const system = createRoute({
  getParentRoute: () => campus,
  path: '/system',
  component: lazyRouteComponent(() => import('../features/system/SystemPage'), 'SystemPage'),
});

const transfers = createRoute({
  getParentRoute: () => campus,
  path: '/system/transfers',
  component: lazyRouteComponent(
    withTexts('trail', () => import('../features/transfers/TransfersPage')),
    'TransfersPage',
  ),
});

const admin = createRoute({
  getParentRoute: () => campus,
  path: '/admin',
  component: lazyRouteComponent(
    withTexts('admin', () => import('../features/users/UsersPage')),
    'UsersPage',
  ),
});

const tokens = createRoute({
  getParentRoute: () => campus,
  path: '/account/tokens',
  component: lazyRouteComponent(
    withTexts('admin', () => import('../features/session/TokensPage')),
    'TokensPage',
  ),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    register,
    share,
    voucher,
    campus.addChildren([
      home,
      files,
      requests,
      trash,
      audit,
      statistics,
      rooms,
      roomRequests,
      members,
      roomAlerts,
      roomMetrics,
      grades,
      gradeList,
      backups,
      backupNodes,
      backupLog,
      backupAlerts,
      backup,
      system,
      transfers,
      admin,
      tokens,
    ]),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
