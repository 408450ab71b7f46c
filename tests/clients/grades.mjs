// socket.io-client follows the figures of grades while both routes take some: they come to equal what SQL says.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { io } from 'socket.io-client'

const base = process.env.BEDEL_URL
const headers = { Authorization: `Bearer ${process.env.BEDEL_TOKEN}`, 'Content-Type': 'application/json' }
const group = { curso: 'BD1', semestre: '1S', year: 2024 }
const first = randomInt(2 ** 47)
const RECORDS = 200

const within = (promise, what) =>
  Promise.race([promise, new Promise((_, fail) => setTimeout(() => fail(new Error(`never came: ${what}`)), 30_000).unref())])
const socket = io(`${base}/live`, { transports: ['websocket'], auth: { token: process.env.BEDEL_TOKEN }, reconnection: false })
const events = []
let check = () => {}
socket.on('event', (event) => { events.push(event); check() })
await within(new Promise((done) => socket.on('connect', done)), 'a connection')
const last = (topic) => events.findLast((event) => event.topic === topic)
const until = (what, wanted) =>
  within(new Promise((done) => { check = () => wanted() && done(); check() }), what).finally(() => { check = () => {} })

const subscribe = (topic, params) => socket.timeout(10_000).emitWithAck('subscribe', { topic, params })
for (const [topic, params] of [['grades.total', {}], ['grades.recent', {}], ['grades.count', group]]) {
  assert.deepEqual(await subscribe(topic, params), { ok: true }, topic)
}
assert.equal((await subscribe('grades.count', { curso: 'BD1' })).code, 'invalid', 'a group needs all three')
await until('what is known at once', () => last('grades.total') && last('grades.count') && last('grades.recent'))
const before = { total: last('grades.total').data.count, count: last('grades.count').data.count }

const post = async (place) => {
  const grade = { carnet: first + place, nombre: `Alumno ${place}`, nota: 70, ...group }
  const answer = await fetch(`${base}/api/v1/grades`, { method: 'POST', headers, body: JSON.stringify(grade) })
  assert.equal(answer.status, 201)
  return answer.headers.get('x-bedel-route')
}
const held = async (params = {}) => {
  const answer = await fetch(`${base}/api/v1/grades/stats/passing?${new URLSearchParams(params)}`, { headers })
  const { passed, failed } = await answer.json()
  return passed + failed
}
const equals = async (topic, params) => {
  const told = async () => {
    for (;;) {
      if (last(topic).data.count === (await held(params))) return
      await new Promise((again) => setTimeout(again, 50))
    }
  }
  await within(told(), `${topic} as SQL has it`)
}
const routes = []
for (let place = 0; place < RECORDS; place += 20) {
  routes.push(...(await Promise.all(Array.from({ length: 20 }, (_, more) => post(place + more)))))
}
const by = (route) => routes.filter((one) => one === route).length
assert.ok(by('grpc') > 0 && by('redis') > 0 && by('grpc') + by('redis') === RECORDS, `${by('grpc')} and ${by('redis')}`)
await equals('grades.total')
await equals('grades.count', group)
assert.ok(last('grades.total').data.count >= before.total + RECORDS, 'all of them are counted')
assert.equal(last('grades.count').data.count, before.count + RECORDS)
const mine = ({ carnet }) => carnet >= first && carnet < first + RECORDS
await until('the newest', () => last('grades.recent').data.items.every(mine))
assert.equal(last('grades.recent').data.items.length, 50)
assert.deepEqual(Object.keys(last('grades.recent').data.items[0]).sort(), ['carnet', 'curso', 'nombre', 'nota', 'semestre', 'year'])

// A correction changes what is shown and not how many there are.
const corrected = { carnet: first + RECORDS - 1, nombre: 'Alumno', nota: 71, ...group }
const answer = await fetch(`${base}/api/v1/grades`, { method: 'POST', headers, body: JSON.stringify(corrected) })
assert.equal((await answer.json()).corrected, true)
await until('the correction', () => last('grades.recent').data.items.some((one) => one.carnet === corrected.carnet && one.nota === 71))
await equals('grades.total')

// Another group may be followed beside it, and one of them left.
assert.deepEqual(await subscribe('grades.count', { ...group, year: 2199 }), { ok: true })
const other = () => events.findLast((event) => event.topic === 'grades.count' && event.params.year === 2199)
await until('a group without grades', () => other()?.data.count === 0)
assert.deepEqual(await socket.timeout(10_000).emitWithAck('unsubscribe', { topic: 'grades.count', params: group }), { ok: true })

for (const topic of ['grades.total', 'grades.recent']) {
  const numbers = events.filter((event) => event.topic === topic).map((event) => event.seq)
  assert.deepEqual(numbers, numbers.map((_, place) => place + 1), `${topic}: numbered without gaps`)
}
socket.close()
console.log(`${RECORDS} records, ${by('grpc')} and ${by('redis')}; ${events.length} events`)
