// How long a grade takes from its acknowledgement to every screen: N sockets on the live total, one grade at a time.
//   scripts/with-campus node bench/grades/sockets.mjs [SOCKETS] [GRADES]
// Needs tests/clients' packages: npm ci --prefix tests/clients
import { createRequire } from 'node:module'
import { randomInt } from 'node:crypto'

const { io } = createRequire(new URL('../../tests/clients/package.json', import.meta.url))('socket.io-client')
const [sockets, grades] = [Number(process.argv[2] ?? 1000), Number(process.argv[3] ?? 40)]
const base = process.env.BEDEL_URL
const json = { 'Content-Type': 'application/json' }
const login = JSON.stringify({ username: process.env.BEDEL_USERNAME, password: process.env.BEDEL_PASSWORD })
const answer = await fetch(`${base}/api/v1/auth/login`, { method: 'POST', headers: json, body: login })
const { access_token: token } = await answer.json()

const crowd = Array.from({ length: sockets }, () => ({ count: 0, wake: () => {} }))
const join = async (one) => {
  one.socket = io(`${base}/live`, { transports: ['websocket'], auth: { token }, reconnection: false, forceNew: true })
  one.socket.on('event', ({ data }) => { one.count = data.count; one.wake() })
  await new Promise((done, fail) => { one.socket.on('connect', done); one.socket.on('connect_error', fail) })
  await one.socket.timeout(30_000).emitWithAck('subscribe', { topic: 'grades.total', params: {} })
}
for (let next = 0; next < sockets; next += 50) await Promise.all(crowd.slice(next, next + 50).map(join))
const sees = (one, count) => new Promise((done) => {
  one.wake = () => one.count >= count && done(performance.now())
  one.wake()
})
await Promise.all(crowd.map((one) => new Promise((done) => { one.wake = () => one.count > 0 && done(); one.wake(); setTimeout(done, 2_000) })))

const first = randomInt(2 ** 47)
const waits = []
for (let place = 0; place < grades; place += 1) {
  const wanted = Math.max(...crowd.map((one) => one.count)) + 1
  const body = JSON.stringify({ carnet: first + place, nombre: 'Alumno', curso: 'SO1', nota: 90, semestre: '1S', year: 2023 })
  const kept = await fetch(`${base}/api/v1/grades`, { method: 'POST', headers: { ...json, Authorization: `Bearer ${token}` }, body })
  if (kept.status !== 201) throw new Error(`a grade was answered ${kept.status}`)
  const acknowledged = performance.now()
  for (const at of await Promise.all(crowd.map((one) => sees(one, wanted)))) waits.push(Math.max(0, at - acknowledged))
}
waits.sort((one, other) => one - other)
const at = (share) => waits[Math.ceil(waits.length * share) - 1].toFixed(0)
console.log(JSON.stringify({ sockets, grades, p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), most_ms: at(1) }))
for (const one of crowd) one.socket.close()
