import type { components } from './schema';

/** The shapes of the grades' part of the HTTP contract: from the OpenAPI document. */
type Schemas = components['schemas'];

export type Semester = Schemas['Semester'];
/** One grade of one student, as it is sent. */
export type GradeRecord = Schemas['Record'];
export type Passing = Schemas['Passing'];
export type CourseFigure = Schemas['CourseSize'];
export type StudentFigure = Schemas['BestStudent'];
/** What is not known is there as `null`, which the document leaves out of what is required. */
export type RouteFigure = Required<Schemas['RouteFigures']>;
/** A grade as it is kept. */
export type Grade = Schemas['GradeView'];
export type GradeWithHistory = Schemas['GradeWithHistory'];
export type Entered = Schemas['Entered'];
export type Courses = Schemas['Courses'];
export type Imported = Schemas['Imported'];
export type TranscriptView = Required<Schemas['Transcript']>;
