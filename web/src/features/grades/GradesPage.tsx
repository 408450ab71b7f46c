import { lazy, Suspense } from 'react';
import { useIdentity } from '../session/browser';

const Dashboard = lazy(() => import('./Dashboard').then((module) => ({ default: module.Dashboard })));
const Transcript = lazy(() => import('./Transcript').then((module) => ({ default: module.Transcript })));

/** "Notas": a student's own, else the campus's. */
export function GradesPage() {
  const { role } = useIdentity();
  return <Suspense>{role === 'student' ? <Transcript /> : <Dashboard />}</Suspense>;
}
