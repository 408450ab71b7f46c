import { useIdentity } from '../session/browser';
import { Dashboard } from './Dashboard';
import { Transcript } from './Transcript';

/** "Notas": a student's own, else the campus's. */
export function GradesPage() {
  const { role } = useIdentity();
  return role === 'student' ? <Transcript /> : <Dashboard />;
}
