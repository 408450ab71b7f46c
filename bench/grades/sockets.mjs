// How long a grade takes from its acknowledgement to every screen: N sockets on the live total, grades at a steady rate,
// each sent when it is due whatever became of the others.
//   scripts/with-campus node bench/grades/sockets.mjs [SOCKETS] [GRADES] [GRADES A SECOND]
// Needs tests/clients' packages: npm ci --prefix tests/clients
import { createRequire } from 'node:module'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const { io } = createRequire(new URL('../../tests/clients/package.json', import.meta.url))('socket.io-client')
const [sockets, grades, rate] = [1000, 1000, 50].map((standard, place) => Number(process.argv[place + 2] ?? standard))
const PATIENCE_MS = 10_000
const base = process.env.BEDEL_URL
const json = { 'Content-Type': 'application/json' }
const login = JSON.stringify({ username: process.env.BEDEL_USERNAME, password: process.env.BEDEL_PASSWORD })
const answer = await fetch(`${base}/api/v1/auth/login`, { method: 'POST', headers: json, body: login })
const { access_token: token } = await answer.json()

// When each grade was acknowledged, in that order. A screen that shows so many more grades shows all of these.
const acknowledged = []
const waits = []
let start = 0

class Screen {
  count = 0
  seen = 0

  async join() {
    this.socket = io(`${base}/live`, { transports: ['websocket'], auth: { token }, reconnection: false, forceNew: true })
    this.socket.on('event', ({ data }) => this.shows(data.count))
    await new Promise((done, fail) => { this.socket.on('connect', done); this.socket.on('connect_error', fail) })
    await this.socket.timeout(30_000).emitWithAck('subscribe', { topic: 'grades.total', params: {} })
  }

  shows(count) {
    this.count = Math.max(this.count, count)
    const at = performance.now()
    // Shown before its acknowledgement was heard of: no wait.
    for (; this.seen < this.count - start && this.seen < grades; this.seen += 1) waits.push(Math.max(0, at - (acknowledged[this.seen] ?? at)))
  }
}

const crowd = Array.from({ length: sockets }, () => new Screen())
for (let next = 0; next < sockets; next += 50) await Promise.all(crowd.slice(next, next + 50).map((screen) => screen.join()))
await sleep(2_000)
start = Math.max(...crowd.map(({ count }) => count))
waits.length = 0
for (const screen of crowd) screen.seen = 0

const first = randomInt(2 ** 47)
const began = performance.now()
const enter = async (place) => {
  const body = JSON.stringify({ carnet: first + place, nombre: 'Alumno', curso: 'SO1', nota: 90, semestre: '1S', year: 2023 })
  const kept = await fetch(`${base}/api/v1/grades`, { method: 'POST', headers: { ...json, Authorization: `Bearer ${token}` }, body })
  if (kept.status !== 201) throw new Error(`a grade was answered ${kept.status}`)
  acknowledged.push(performance.now())
  await kept.arrayBuffer()
}
const entering = []
for (let place = 0; place < grades; place += 1) {
  const early = began + (place * 1_000) / rate - performance.now()
  if (early > 0) await sleep(early)
  entering.push(enter(place))
}
await Promise.all(entering)
const deadline = performance.now() + PATIENCE_MS
while (crowd.some(({ seen }) => seen < grades) && performance.now() < deadline) await sleep(20)
const missed = crowd.reduce((sum, { seen }) => sum + grades - seen, 0)
waits.sort((one, other) => one - other)
const at = (share) => Number((waits[Math.ceil(waits.length * share) - 1] ?? NaN).toFixed(1))
console.log(JSON.stringify({ sockets, grades, rate, missed, p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), most_ms: at(1) }))
for (const { socket } of crowd) socket.close()
