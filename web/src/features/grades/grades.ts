import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { request, respond } from '../../api/client';
import type {
  Courses,
  Entered,
  Grade,
  GradeRecord,
  GradeWithHistory,
  Imported,
  TranscriptView,
} from '../../api/grades';
import { ApiError } from '../../api/problem';
import type { Page } from '../../api/types';
import { saveBlob } from '../../shell/saveText';
import type { GradesFilter } from './filter';

export interface ListFilter extends GradesFilter {
  carnet?: number;
}

const PAGE = 50;
/** The courses a campus begins with: for while they cannot be asked. */
const RULES: Courses = { courses: ['SO1', 'BD1', 'LFP', 'SA', 'AYD1'], passing: 61 };

/** The campus's courses, and what passes. */
export function useRules(): Courses {
  const rules = useQuery({
    queryKey: ['grades', 'rules'],
    queryFn: ({ signal }) => request<Courses>('/grades/courses', { signal }),
    staleTime: 600_000,
    retry: false,
  });
  return rules.data ?? RULES;
}

/** Recorded grades, the newest first, page after page. */
export function useGrades(filter: ListFilter) {
  return useInfiniteQuery({
    queryKey: ['grades', 'list', filter],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Grade>>('/grades', { query: { ...filter, limit: PAGE, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useGrade(id: string) {
  return useQuery({
    queryKey: ['grades', 'one', id],
    queryFn: ({ signal }) => request<GradeWithHistory>(`/grades/${encodeURIComponent(id)}`, { signal }),
  });
}

/** The student's own; `null` if there is none under their number. */
export function useTranscript() {
  return useQuery({
    queryKey: ['grades', 'transcript'],
    queryFn: async ({ signal }) => {
      try {
        return await request<TranscriptView>('/grades/transcript', { signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    refetchInterval: 60_000,
  });
}

/** The grade that a student already has there, if any. */
export function useKnown(slot: Pick<GradeRecord, 'carnet' | 'curso' | 'semestre' | 'year'> | null) {
  return useQuery({
    queryKey: ['grades', 'known', slot],
    queryFn: ({ signal }) => request<Page<Grade>>('/grades', { query: { ...slot, limit: 1 }, signal }),
    select: (found) => found.items[0],
    enabled: slot !== null,
    retry: false,
  });
}

/** Records a grade; sent twice with one key it is recorded once. */
export function enter(record: GradeRecord, key: string): Promise<Entered> {
  return request('/grades', { method: 'POST', json: record, headers: { 'idempotency-key': key } });
}

/** Enters a table, or only says what is wrong with it. */
export async function importTable(table: string, dryRun: boolean, signal?: AbortSignal): Promise<Imported> {
  const response = await respond('/grades/import', {
    method: 'POST',
    query: { dry_run: dryRun ? 'true' : undefined },
    body: table,
    headers: { 'content-type': 'text/csv; charset=utf-8' },
    signal,
  });
  return (await response.json()) as Imported;
}

export async function downloadGrades(filter: ListFilter, name: string): Promise<void> {
  const response = await respond('/grades/export.csv', { query: { ...filter }, headers: { accept: 'text/csv' } });
  saveBlob(name, await response.blob());
}
