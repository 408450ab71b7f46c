import { describe, expect, it } from 'vitest';
import type { InventoryView, RequestView, RoomView } from '../../api/rooms';
import { byBuilding, freeFor, requestsIn, roomsThat, withNews } from './inventory';
import { hueOf, programsOf } from './names';
import { answerable, countdown } from './proposals';
import { type RequestForm, requestOf } from './request';
import { semesterOf, semestersAround } from './semesters';

const room = (name: string, more: Partial<RoomView> = {}): RoomView => ({
  name,
  kind: name.startsWith('L') ? 'lab' : 'classroom',
  building: 'T-3',
  capacity: 40,
  equipment: [],
  holder: null,
  ...more,
});

const inventory = (rooms: RoomView[]): InventoryView => ({
  semester: '2026-30',
  free_classrooms: rooms.filter((one) => one.kind === 'classroom').length,
  free_labs: rooms.filter((one) => one.kind === 'lab').length,
  waiting: 0,
  rooms,
});

const request = (more: Partial<RequestView> = {}): RequestView => ({
  id: 'r1',
  request_id: 'portal-1',
  faculty: 'faculty-01',
  program: 'program-01-1',
  semester: '2026-30',
  classrooms: 1,
  labs: 1,
  minimum_capacity: 0,
  equipment: [],
  state: 'proposed',
  detail: null,
  epoch: 1,
  rooms: { classrooms: ['S-001'], labs: [], mobile_labs: ['S-002'] },
  asked_at: '2026-11-21T10:00:00Z',
  deadline: '2026-11-21T10:01:00Z',
  changed_at: '2026-11-21T10:00:00Z',
  ...more,
});

describe('news of requests', () => {
  const before = inventory([room('S-001'), room('S-002'), room('S-003'), room('L-01')]);

  it('takes and gives rooms in the grid, and touches no other', () => {
    const reserved = withNews(before, [request()]);
    expect(reserved.rooms[0]?.holder).toMatchObject({ request: 'r1', reserved: true, mobile: false });
    expect(reserved.rooms[1]?.holder).toMatchObject({ mobile: true });
    expect(reserved.rooms[2]).toBe(before.rooms[2]);
    expect([reserved.free_classrooms, reserved.free_labs]).toEqual([1, 1]);
    const taken = withNews(reserved, [request({ state: 'accepted' })]);
    expect(taken.rooms[0]?.holder?.reserved).toBe(false);
    const back = withNews(taken, [request({ state: 'released' })]);
    expect(back.rooms.every((one) => one.holder === null)).toBe(true);
    expect(back.free_classrooms).toBe(3);
  });

  it('of another semester change nothing', () => {
    expect(withNews(before, [request({ semester: '2026-10' })])).toBe(before);
  });

  it('are read bare and from a board', () => {
    const now = { id: 'now', requests: [request()] };
    expect(requestsIn(now)).toHaveLength(1);
    expect(requestsIn({ items: [now] })).toHaveLength(1);
    expect(requestsIn({ changed: [now] })).toHaveLength(1);
    expect(requestsIn(null)).toEqual([]);
  });
});

describe('rooms', () => {
  const rooms = [
    room('S-001', { capacity: 80, equipment: ['projector'] }),
    room('S-002', { building: 'S-12' }),
    room('L-01', { building: 'S-3' }),
    room('S-003', { holder: { request: 'r1', faculty: 'faculty-02', program: 'p', reserved: false, mobile: true } }),
  ];

  it('are filtered by everything at once', () => {
    const names = (filter: Parameters<typeof roomsThat>[1]) => roomsThat(rooms, filter).map((one) => one.name);
    expect(names({ seats: 60, equipment: 'projector' })).toEqual(['S-001']);
    expect(names({ use: 'free', shape: 'classroom' })).toEqual(['S-001', 'S-002']);
    expect(names({ shape: 'mobile', faculty: 'faculty-02' })).toEqual(['S-003']);
    expect(names({ shape: 'lab', building: 'T-3' })).toEqual([]);
  });

  it('stand by building, S-3 before S-12', () => {
    const compare = new Intl.Collator('es', { numeric: true }).compare;
    expect(byBuilding(rooms, compare).map((one) => one.building)).toEqual(['S-3', 'S-12', 'T-3']);
  });

  it('that a wish could get are counted as the wish is', () => {
    const all = inventory(rooms);
    expect(freeFor(all, { minimum_capacity: 0, equipment: [] })).toEqual({ classrooms: 2, labs: 1 });
    expect(freeFor(all, { minimum_capacity: 50, equipment: ['projector'] })).toEqual({ classrooms: 1, labs: 0 });
  });
});

describe('proposals', () => {
  const now = Date.parse('2026-11-21T10:00:20Z');

  it('for people are those that last, the most urgent first', () => {
    const late = request({ id: 'late', deadline: '2026-11-21T10:10:00Z' });
    const program = request({ id: 'program', deadline: '2026-11-21T10:00:05Z' });
    const over = request({ id: 'over', deadline: '2026-11-21T10:00:19Z' });
    const taken = request({ id: 'taken', state: 'accepted' });
    expect(answerable([late, program, over, taken, request()], now).map((one) => one.id)).toEqual(['r1', 'late']);
  });

  it('count down', () => {
    expect(countdown(59_001)).toBe('1:00');
    expect(countdown(125_000)).toBe('2:05');
    expect(countdown(900)).toBe('1');
    expect(countdown(0)).toBe('0');
  });
});

describe('the form', () => {
  const form: RequestForm = {
    faculty: 'faculty-01',
    program: ' program-01-1 ',
    semester: '2026-30',
    classrooms: '7',
    labs: '',
    seats: '',
    equipment: [],
    wait: false,
    hold: '60',
  };

  it('means a request', () => {
    const made = requestOf(form, 'portal-1');
    expect(made).toMatchObject({ request: { program: 'program-01-1', classrooms: 7, labs: 0, hold_s: 60 } });
    expect(made).not.toHaveProperty('request.minimum_capacity');
  });

  it('says what is wrong with each field', () => {
    const wrong = { ...form, faculty: '', program: 'a b', semester: '2026-11', classrooms: '0', seats: '10001' };
    expect(requestOf(wrong, 'x')).toEqual({
      faults: {
        faculty: 'required',
        program: 'name',
        semester: 'semester',
        classrooms: 'none',
        minimum_capacity: 'number',
      },
    });
  });
});

describe('semesters', () => {
  it('are those of the day, and around it', () => {
    expect(semesterOf(new Date(2026, 4, 31))).toBe('2026-10');
    expect(semesterOf(new Date(2026, 6, 1))).toBe('2026-20');
    expect(semesterOf(new Date(2026, 10, 21))).toBe('2026-30');
    const found = semestersAround(new Date(2026, 10, 21), ['2019-10', 'x']);
    expect([found[0], found.at(-1), found.length]).toEqual(['2027-30', '2019-10', 10]);
  });
});

describe('faculties', () => {
  it('have a colour of their own and their programmes', () => {
    expect(new Set(Array.from({ length: 10 }, (_, index) => hueOf(`faculty-${index + 1}`))).size).toBe(10);
    expect(hueOf('law')).toBeGreaterThan(0);
    expect(programsOf('faculty-03', [{ faculty: 'faculty-03', program: 'x' }])).toHaveLength(6);
    expect(programsOf('law', [])).toEqual([]);
  });
});
