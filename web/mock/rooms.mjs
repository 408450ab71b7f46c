import { createHash, randomUUID } from 'node:crypto';
import { json, page, problem } from './http.mjs';

const BUILDINGS = ['T-1', 'T-3', 'T-5', 'S-3', 'S-9', 'S-11', 'S-12', 'M-2'];
const SEATS = { classroom: [25, 30, 30, 35, 40, 40, 40, 45, 50, 60, 80, 120], lab: [20, 24, 25, 30, 30, 40] };
const EQUIPMENT = ['projector', 'whiteboard', 'air-conditioning', 'step-free', 'computers'];
const STAFF = ['admin', 'staff'];
const SERVER = 'rooms-server-1';
const two = (value) => String(value).padStart(2, '0');

function semesterNow() {
  const today = new Date();
  const month = today.getMonth();
  return `${today.getFullYear()}-${month < 5 ? '10' : month < 7 ? '20' : '30'}`;
}

/** The reference campus: always the same rooms. */
function seedRooms() {
  const make = (kind, number) => {
    const name = kind === 'lab' ? `L-${two(number)}` : `S-${String(number).padStart(3, '0')}`;
    const draw = createHash('sha256').update(name).digest();
    const lab = kind === 'lab';
    const has = [lab || draw[0] < 150, draw[1] < 218, lab || draw[2] < 40, draw[3] < 128, lab];
    return {
      name,
      kind,
      building: BUILDINGS[draw[4] % BUILDINGS.length],
      capacity: SEATS[kind][draw[5] % SEATS[kind].length],
      equipment: EQUIPMENT.filter((_, index) => has[index]),
    };
  };
  const many = (kind, count) => Array.from({ length: count }, (_, index) => make(kind, index + 1));
  return [...many('classroom', 380), ...many('lab', 60)];
}

/** Who gets which rooms: one server that always leads. */
export class Rooms {
  rooms = seedRooms();
  requests = new Map();
  alerts = [];
  epoch = 3;
  leader = 1;
  counter = 0;
  /** Told what changed. */
  onChange = () => {};

  constructor({ empty }) {
    if (!empty) this.seed();
    this.timer = setInterval(() => this.expire(), 200);
  }

  seed() {
    const semester = semesterNow();
    let hours = 60;
    const ask = (faculty, program, wish, then) => {
      hours -= 0.9;
      const at = Date.now() - hours * 3_600_000;
      const request = this.solicit(
        {
          request_id: `sol-${faculty}-${program}`,
          faculty: `faculty-${two(faculty)}`,
          program: `program-${two(faculty)}-${program}`,
          semester,
          ...wish,
        },
        at,
      );
      if (request.state === 'proposed' && then) this.settle(request, then, at + 800);
    };
    for (let faculty = 1; faculty <= 10; faculty += 1) {
      for (let program = 1; program <= 5; program += 1) {
        const seed = faculty * 7 + program * 3;
        const wish = { classrooms: 5 + (seed % 3), labs: 1 + (seed % 2) };
        const then = seed % 17 === 0 ? 'rejected' : seed % 23 === 0 ? 'expired' : 'accepted';
        ask(faculty, program, wish, then);
      }
    }
    ask(3, 6, { classrooms: 4, labs: 1 }, 'accepted');
    ask(4, 6, { classrooms: 2, labs: 4 }, 'accepted');
    ask(5, 6, { classrooms: 400, labs: 0 });
    ask(7, 6, {
      classrooms: 12,
      labs: 0,
      minimum_capacity: 120,
      equipment: ['air-conditioning', 'projector'],
      wait: true,
    });
    const last = [...this.requests.values()].find((one) => one.state === 'accepted');
    this.settle(last, 'released', Date.now() - 1_800_000);
    this.solicit(
      { ...last, request_id: 'sol-open', classrooms: 3, labs: 1, hold_s: 570, state: undefined },
      Date.now(),
    );
    this.alert('takeover', `${SERVER} leads in epoch 3`, Date.now() - 7_200_000);
  }

  alert(kind, detail, at) {
    this.alerts.unshift({ kind, detail, at: new Date(at).toISOString() });
    this.alerts.sort((a, b) => (a.at < b.at ? 1 : -1));
  }

  holders(semester) {
    const found = new Map();
    for (const one of this.requests.values()) {
      if (one.semester !== semester || !['proposed', 'accepted'].includes(one.state)) continue;
      const holder = {
        request: one.id,
        faculty: one.faculty,
        program: one.program,
        reserved: one.state === 'proposed',
      };
      for (const name of [...one.rooms.classrooms, ...one.rooms.labs]) found.set(name, { ...holder, mobile: false });
      for (const name of one.rooms.mobile_labs) found.set(name, { ...holder, mobile: true });
    }
    return found;
  }

  /** Rooms for a wish, or none: the smallest that fit. */
  choose(request) {
    const holders = this.holders(request.semester);
    const free = this.rooms
      .filter((room) => !holders.has(room.name) && room.capacity >= request.minimum_capacity)
      .sort((a, b) => a.capacity - b.capacity);
    const fits = (room) => request.equipment.every((one) => room.equipment.includes(one));
    const names = (list) => list.map((room) => room.name).sort();
    const classrooms = free.filter((room) => room.kind === 'classroom');
    const taken = classrooms.filter(fits).slice(0, request.classrooms);
    const labs = free.filter((room) => room.kind === 'lab' && fits(room)).slice(0, request.labs);
    const mobile = classrooms.filter((room) => !taken.includes(room)).slice(0, request.labs - labs.length);
    if (taken.length < request.classrooms || labs.length + mobile.length < request.labs) return null;
    return { classrooms: names(taken), labs: names(labs), mobile_labs: names(mobile) };
  }

  solicit(asked, at) {
    this.counter += 1;
    const request = {
      // Ids rise as those of the campus do.
      id: `01k${at.toString(36).padStart(9, '0')}${String(this.counter).padStart(14, '0')}`,
      request_id: asked.request_id ?? `http-${randomUUID()}`,
      faculty: asked.faculty,
      program: asked.program,
      semester: asked.semester,
      classrooms: asked.classrooms ?? 0,
      labs: asked.labs ?? 0,
      minimum_capacity: asked.minimum_capacity ?? 0,
      equipment: asked.equipment ?? [],
      state: 'waiting',
      detail: null,
      epoch: this.epoch,
      rooms: { classrooms: [], labs: [], mobile_labs: [] },
      asked_at: new Date(at).toISOString(),
      deadline: null,
      changed_at: new Date(at).toISOString(),
      hold: (asked.hold_s ?? 60) * 1000,
    };
    this.requests.set(request.id, request);
    if (!this.propose(request, at)) {
      const free = this.rooms.length - this.holders(request.semester).size;
      request.detail = `${free} rooms of any kind are free in ${request.semester}`;
      if (!asked.wait) request.state = 'denied';
      const wish = `${request.classrooms} classrooms and ${request.labs} laboratories`;
      this.alert(
        'rooms-exhausted',
        `${request.semester}: ${request.program} asked for ${wish}, and ${free} rooms are free`,
        at,
      );
    }
    this.onChange([request]);
    return request;
  }

  propose(request, at) {
    const rooms = this.choose(request);
    if (rooms === null) return false;
    if (rooms.mobile_labs.length > 0 && !this.alerts.some((one) => one.kind === 'labs-exhausted')) {
      this.alert('labs-exhausted', `${request.semester}: laboratories ran out, classrooms are adapted`, at);
    }
    Object.assign(request, { state: 'proposed', detail: null, rooms, changed_at: new Date(at).toISOString() });
    request.deadline = new Date(at + request.hold).toISOString();
    return true;
  }

  settle(request, state, at = Date.now()) {
    Object.assign(request, { state, changed_at: new Date(at).toISOString() });
    const changed = [request];
    if (state !== 'accepted') {
      const why = { rejected: 'the faculty did not take them', expired: 'the faculty did not answer in time' };
      request.detail = why[state] ?? 'the rooms were given back';
      for (const one of this.requests.values()) {
        if (one.state === 'waiting' && this.propose(one, at)) changed.push(one);
      }
    }
    this.onChange(changed);
  }

  expire() {
    const now = new Date().toISOString();
    for (const one of this.requests.values()) {
      if (one.state === 'proposed' && one.deadline < now) this.settle(one, 'expired');
    }
  }

  /** What the topic tells whoever begins to listen, and then of changes. */
  news(changed = []) {
    const now = { id: 'now', leader: SERVER, epoch: this.epoch, alerts: this.alerts.slice(0, 20) };
    return { ...now, requests: changed.map(visible) };
  }

  found(url) {
    const want = Object.fromEntries(url.searchParams);
    return [...this.requests.values()]
      .filter((one) => ['faculty', 'program', 'semester', 'state'].every((key) => !want[key] || one[key] === want[key]))
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .map(visible);
  }

  async handle(req, res, rest, url, caller, readJson) {
    if (!rest.startsWith('/rooms/')) return false;
    const [, , what, id, act] = rest.split('/');
    if (what === 'inventory') return this.inventory(res, url.searchParams.get('semester'));
    const readers = what === 'requests' && req.method === 'GET' ? [...STAFF, 'professor'] : STAFF;
    if (!readers.includes(caller.role)) return problem(res, 403, 'forbidden', 'Staff may do this.');
    if (what === 'requests.csv') return this.csv(res, url);
    if (what === 'alerts') return json(res, 200, { items: this.alerts });
    if (what === 'metrics') return json(res, 200, this.metrics());
    if (what === 'promote') {
      this.epoch += 1;
      this.leader = this.leader === 1 ? 2 : 1;
      return json(res, 200, { epoch: this.epoch, endpoint: `tcp://127.0.0.1:55${this.leader === 1 ? 55 : 65}` });
    }
    if (what !== 'requests') return false;
    if (id === undefined && req.method === 'POST') return this.create(res, await readJson(req));
    if (id === undefined) return json(res, 200, page(this.found(url), url));
    const request = this.requests.get(id);
    if (request === undefined) return problem(res, 404, 'not-found', 'There is no such request.');
    if (act === 'ack') {
      const { accept } = await readJson(req);
      if (request.state === 'proposed') this.settle(request, accept ? 'accepted' : 'rejected');
      else if (request.state === 'waiting' && !accept) this.settle(request, 'rejected');
    }
    if (act === 'release' && request.state === 'accepted') this.settle(request, 'released');
    return json(res, 200, visible(request));
  }

  create(res, asked) {
    const wrong = (field, message) =>
      problem(res, 422, 'invalid', 'A field is invalid.', [{ field: `/${field}`, code: 'value', message }]);
    const number = /^faculty-(\d+)$/.exec(asked.faculty)?.[1];
    if (number !== undefined && !asked.program.startsWith(`program-${number}-`)) {
      return wrong('program', `${asked.faculty} has no such programme`);
    }
    if (!/^\d{4}-(10|20|30)$/.test(asked.semester)) return wrong('semester', 'a year and 10, 20 or 30 are expected');
    if (!(asked.classrooms > 0 || asked.labs > 0)) return wrong('classrooms', 'at least one is expected');
    const same = [...this.requests.values()].find(
      (one) => one.faculty === asked.faculty && one.request_id === asked.request_id,
    );
    return json(res, 201, visible(same ?? this.solicit(asked, Date.now())));
  }

  inventory(res, semester) {
    if (!/^\d{4}-(10|20|30)$/.test(semester ?? '')) return problem(res, 422, 'invalid', 'A semester is expected.');
    const holders = this.holders(semester);
    const rooms = this.rooms.map((room) => ({ ...room, holder: holders.get(room.name) ?? null }));
    const free = (kind) => rooms.filter((room) => room.kind === kind && room.holder === null).length;
    const waiting = [...this.requests.values()].filter(
      (one) => one.semester === semester && one.state === 'waiting',
    ).length;
    return json(res, 200, { semester, free_classrooms: free('classroom'), free_labs: free('lab'), waiting, rooms });
  }

  csv(res, url) {
    const names = ['id', 'request_id', 'faculty', 'program', 'semester', 'classrooms', 'labs', 'state', 'asked_at'];
    const lines = this.found(url).map((one) => names.map((name) => one[name]).join(','));
    res.writeHead(200, { 'content-type': 'text/csv; charset=utf-8' });
    res.end([names.join(','), ...lines, ''].join('\r\n'));
    return true;
  }

  metrics() {
    const states = new Map();
    for (const { state } of this.requests.values()) states.set(state, (states.get(state) ?? 0) + 1);
    const wave = Math.sin(Date.now() / 9_000);
    const spread = (p50, p95, p99) => ({
      count: this.requests.size,
      mean_ms: p50 * 1.2,
      min_ms: p50 / 3,
      p50_ms: p50 + wave * p50 * 0.1,
      p95_ms: p95 + wave * p95 * 0.15,
      p99_ms: p99 + wave * p99 * 0.2,
      max_ms: p99 * 2,
    });
    const none = { count: 0, mean_ms: 0, min_ms: 0, p50_ms: 0, p99_ms: 0, max_ms: 0 };
    const some = this.requests.size > 0;
    const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
    const event = (server, role, what, epoch, minutes) => ({ server, role, event: what, epoch, at: ago(minutes) });
    return {
      leader: { server: `rooms-server-${this.leader}`, epoch: this.epoch, endpoint: 'tcp://127.0.0.1:5555' },
      requests: [...states].map(([state, count]) => ({ state, count })),
      proposal: some ? spread(2.4, 6.1, 11.8) : none,
      resolution: some ? spread(1.6, 3.9, 8.2) : none,
      servers: [
        event('rooms-server-2', 'backup', 'follows', 3, 118),
        event(SERVER, 'primary', 'leads', 3, 120),
        event('rooms-server-2', 'backup', 'hands-over', 2, 120),
        event('rooms-server-2', 'backup', 'leads', 2, 190),
        event(SERVER, 'primary', 'ends', 1, 190),
      ],
      refused: some ? 4 : 0,
      refusals: some ? [{ address: '10.4.2.31:51022', reason: 'the key is not admitted', at: ago(42) }] : [],
    };
  }

  close() {
    clearInterval(this.timer);
  }
}

function visible({ hold: _, ...request }) {
  return request;
}
