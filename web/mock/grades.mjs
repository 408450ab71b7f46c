import { createHash } from 'node:crypto';
import { json, page, problem } from './http.mjs';

const COURSES = ['SO1', 'BD1', 'LFP', 'SA', 'AYD1'];
const COLUMNS = ['carnet', 'nombre', 'curso', 'nota', 'semestre', 'year'];
const PASSING = 61;
const NAMES = ['Ana', 'Luis', 'María', 'José', 'Sofía', 'Diego', 'Gabriela', 'Carlos', 'Valeria', 'Andrés'];
const SURNAMES = ['López', 'Xicará', 'Méndez', 'Barrios', 'Ajú', 'Castillo', 'Hernández', 'Ortiz', 'Sic'];
const nameOf = (carnet) => `${NAMES[carnet % 10]} ${SURNAMES[carnet % 9]} ${SURNAMES[(carnet * 5 + 3) % 9]}`;
const slotOf = ({ carnet, curso, semestre, year }) => `${carnet} ${curso} ${semestre} ${year}`;

/** What is wrong with a record, by field. */
function faultsOf(record) {
  const faults = [];
  const say = (field, code, message) => faults.push({ field: `/${field}`, code, message });
  const whole = (field, least, most) => {
    const value = record[field];
    if (!Number.isInteger(value)) say(field, 'type', 'a whole number is expected');
    else if (value < least || value > most) say(field, 'range', `${least} to ${most} is expected, not ${value}`);
  };
  whole('carnet', 1, Number.MAX_SAFE_INTEGER);
  whole('nota', 0, 100);
  whole('year', 1900, 2200);
  if (typeof record.nombre !== 'string' || record.nombre.trim() === '') say('nombre', 'missing', 'a name is expected');
  if (!COURSES.includes(record.curso)) say('curso', 'choice', `${record.curso} is none of ${COURSES.join(', ')}`);
  if (!['1S', '2S'].includes(record.semestre)) say('semestre', 'choice', '1S or 2S is expected');
  return faults;
}

/** Grades by student, course, semester and year. */
export class Grades {
  records = new Map();
  counter = 0;
  /** Told after each change. */
  onChange = () => {};

  constructor({ empty }) {
    if (empty) return;
    for (let index = 0; index < 640; index += 1) {
      const draw = createHash('sha256').update(`grade ${index}`).digest();
      const carnet = 201_900_000 + (draw[0] % 160) * 17;
      const record = {
        carnet,
        nombre: nameOf(carnet),
        curso: COURSES[Math.min(draw[1] % 7, 4)],
        nota: [50, 60, 70, 80, 90, 100][draw[2] % 6],
        semestre: ['1S', '2S'][draw[3] % 2],
        year: 2023,
      };
      this.put(record, index % 2 === 0 ? 'grpc' : 'redis', 'admin', Date.now() - (640 - index) * 61_000);
    }
  }

  put(record, route, by, at = Date.now()) {
    const known = this.records.get(slotOf(record));
    const now = new Date(at).toISOString();
    if (known !== undefined) {
      for (const one of this.records.values()) if (one.carnet === record.carnet) one.nombre = record.nombre;
      if (known.nota === record.nota) return { grade: known, status: 200, corrected: false };
      known.history.unshift({ nota: known.nota, changed_by: by, changed_at: now });
      Object.assign(known, { nota: record.nota, changed_at: now });
      return { grade: known, status: 200, corrected: true };
    }
    this.counter += 1;
    const grade = {
      id: `01k${at.toString(36).padStart(9, '0')}${String(this.counter).padStart(14, '0')}`,
      ...record,
      route,
      entered_by: by,
      entered_at: now,
      changed_at: now,
      history: [],
    };
    this.records.set(slotOf(record), grade);
    return { grade, status: 201, corrected: false };
  }

  found(want) {
    return [...this.records.values()]
      .filter((one) =>
        ['carnet', 'curso', 'semestre', 'year'].every((key) => !want[key] || `${one[key]}` === `${want[key]}`),
      )
      .sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  recent() {
    return this.found({}).slice(0, 50).map(visible);
  }

  async handle(req, res, rest, url, caller, readJson) {
    if (!/^\/grades(\/|$)/.test(rest)) return false;
    if (rest === '/grades/courses') return json(res, 200, { courses: COURSES, passing: PASSING });
    const mayWrite = (curso) =>
      caller.role === 'admin' || (caller.role === 'professor' && caller.courses.includes(curso));
    if (req.method === 'POST' && rest === '/grades/import') return this.import(req, res, url, mayWrite, caller);
    if (req.method === 'POST') {
      const record = await readJson(req);
      const faults = faultsOf(record);
      if (faults.length > 0) return problem(res, 422, 'invalid', 'A field is invalid.', faults);
      if (!mayWrite(record.curso)) return problem(res, 403, 'forbidden', `${record.curso} is not yours.`);
      const route = this.counter % 2 === 0 ? 'grpc' : 'redis';
      const { grade, status, corrected } = this.put(record, route, caller.username);
      this.onChange();
      return json(
        res,
        status,
        { id: grade.id, route, ...(corrected ? { corrected } : {}) },
        { 'x-bedel-route': route },
      );
    }
    if (rest.startsWith('/grades/stats/')) return this.statistics(res, rest.slice(14), url, caller);
    if (rest === '/grades/transcript') return this.transcript(res, caller.carnet);
    const own = caller.role === 'student' ? { carnet: caller.carnet ?? -1 } : {};
    const seen = this.found({ ...Object.fromEntries(url.searchParams), ...own }).filter(
      (one) => caller.role !== 'professor' || caller.courses.includes(one.curso),
    );
    if (rest === '/grades') return json(res, 200, page(seen.map(visible), url));
    if (rest === '/grades/export.csv') {
      const lines = seen.map((one) => COLUMNS.map((name) => one[name]).join(','));
      res.writeHead(200, { 'content-type': 'text/csv; charset=utf-8' });
      return res.end([COLUMNS.join(','), ...lines, ''].join('\r\n'));
    }
    const grade = seen.find((one) => one.id === rest.split('/')[2]);
    if (grade === undefined) return problem(res, 404, 'not-found', 'There is no such grade.');
    return json(res, 200, { ...visible(grade), history: grade.history });
  }

  /** All of the table, or nothing and what is wrong with each line. */
  async import(req, res, url, mayWrite, caller) {
    const parts = [];
    for await (const part of req) parts.push(part);
    const lines = Buffer.concat(parts)
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/);
    const separator = lines[0].includes(';') ? ';' : ',';
    const order = lines[0].split(separator).map((name) => name.trim().toLowerCase());
    const [records, errors] = [[], []];
    lines.slice(1).forEach((text, index) => {
      if (text.trim() === '') return;
      const cells = text.split(separator);
      const record = Object.fromEntries(order.map((name, place) => [name, cells[place]?.trim() ?? '']));
      for (const name of ['carnet', 'nota', 'year']) record[name] = record[name] === '' ? null : Number(record[name]);
      const faults = faultsOf(record);
      if (faults.length === 0 && !mayWrite(record.curso)) {
        faults.push({ field: '/curso', code: 'forbidden', message: `${record.curso} is not yours` });
      }
      for (const fault of faults) errors.push({ ...fault, field: `/lines/${index + 2}${fault.field}` });
      records.push(record);
    });
    if (errors.length > 0) return problem(res, 422, 'invalid', 'Some lines are wrong; nothing was kept.', errors);
    if (url.searchParams.get('dry_run') === 'true') {
      return json(res, 200, { grades: records.length, created: 0, corrected: 0, replayed: 0 });
    }
    const told = { grades: records.length, created: 0, corrected: 0, replayed: 0 };
    for (const record of records) {
      const { status, corrected } = this.put(record, 'redis', caller.username);
      told[status === 201 ? 'created' : corrected ? 'corrected' : 'replayed'] += 1;
    }
    this.onChange();
    return json(res, 200, told);
  }

  transcript(res, carnet) {
    const grades = carnet === null ? [] : this.found({ carnet }).map(visible).reverse();
    if (grades.length === 0) return problem(res, 404, 'not-found', 'There are no grades of this student.');
    grades.sort((a, b) => (`${a.year}${a.semestre}${a.curso}` < `${b.year}${b.semestre}${b.curso}` ? -1 : 1));
    const passed = grades.filter((one) => one.passed).length;
    const average = grades.reduce((sum, one) => sum + one.nota, 0) / grades.length;
    return json(res, 200, {
      carnet,
      nombre: grades[0].nombre,
      average,
      passed,
      failed: grades.length - passed,
      grades,
    });
  }

  statistics(res, what, url, caller) {
    if (caller.role === 'student') return problem(res, 403, 'forbidden', 'Students read their own grades.');
    const found = this.found(Object.fromEntries(url.searchParams));
    if (what === 'passing') {
      const passed = found.filter((one) => one.nota >= PASSING).length;
      return json(res, 200, { passed, failed: found.length - passed });
    }
    if (what === 'top-courses') {
      const courses = COURSES.map((curso) => ({ curso, students: found.filter((one) => one.curso === curso).length }));
      return json(
        res,
        200,
        courses
          .filter((one) => one.students > 0)
          .sort((a, b) => b.students - a.students)
          .slice(0, 3),
      );
    }
    if (what === 'top-students') {
      const students = new Map();
      for (const { carnet, nombre, nota } of found) {
        const known = students.get(carnet) ?? { carnet, nombre, sum: 0, count: 0 };
        students.set(carnet, { ...known, sum: known.sum + nota, count: known.count + 1 });
      }
      const best = [...students.values()].map(({ sum, count, ...who }) => ({ ...who, average: sum / count }));
      return json(res, 200, best.sort((a, b) => b.average - a.average || a.carnet - b.carnet).slice(0, 5));
    }
    const wave = Math.sin(Date.now() / 7_000);
    const route = (name, rate, p50_ms, p99_ms, replicas) => ({
      route: name,
      count: found.filter((one) => one.route === name).length,
      rate: this.records.size === 0 ? 0 : rate + wave * 40,
      p50_ms: this.records.size === 0 ? null : p50_ms,
      p99_ms: this.records.size === 0 ? null : p99_ms + wave,
      errors: 0,
      replicas,
    });
    return json(res, 200, [route('grpc', 1_840, 3.1, 14.2, 2), route('redis', 1_835, 2.2, 9.8, 3)]);
  }
}

function visible({ history: _, ...grade }) {
  return { ...grade, passed: grade.nota >= PASSING };
}
