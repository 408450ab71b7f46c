/** The shapes of the grades' part of the HTTP contract, until the OpenAPI document has them. */

export type Semester = '1S' | '2S';

type RouteName = 'grpc' | 'redis';

/** One grade of one student, as it is sent. */
export interface GradeRecord {
  carnet: number;
  nombre: string;
  curso: string;
  nota: number;
  semestre: Semester;
  year: number;
}

/** `GET /grades/stats/passing` */
export interface Passing {
  passed: number;
  failed: number;
}

/** `GET /grades/stats/top-courses` */
export interface CourseFigure {
  curso: string;
  students: number;
}

/** `GET /grades/stats/top-students` */
export interface StudentFigure {
  carnet: number;
  nombre: string;
  average: number;
}

/** `GET /grades/stats/routes` */
export interface RouteFigure {
  route: RouteName;
  count: number;
  /** Records each second. This and what follows is `null` while nobody knows. */
  rate: number | null;
  p50_ms: number | null;
  p99_ms: number | null;
  errors: number | null;
  replicas: number | null;
}

/** `GET /grades`: a grade as it is kept. */
export interface Grade extends GradeRecord {
  id: string;
  passed: boolean;
  route: RouteName;
  entered_by: string;
  entered_at: string;
  changed_at: string;
}

/** What a grade was until somebody corrected it. */
interface FormerGrade {
  nota: number;
  changed_by: string;
  changed_at: string;
}

/** `GET /grades/{id}` */
export interface GradeWithHistory extends Grade {
  /** The newest first. */
  history: FormerGrade[];
}

/** `POST /grades` */
export interface Entered {
  id: string;
  route: RouteName;
  corrected?: boolean;
}

/** `GET /grades/courses` */
export interface Courses {
  courses: string[];
  /** The least grade that passes. */
  passing: number;
}

/** `POST /grades/import` */
export interface Imported {
  grades: number;
  created: number;
  replayed: number;
  corrected: number;
}

/** `GET /grades/transcript` */
export interface TranscriptView {
  carnet: number;
  nombre: string;
  average: number | null;
  passed: number;
  failed: number;
  /** The oldest semester first. */
  grades: Grade[];
}
