// socket.io-client follows the live events: services, transfers, presence; and is refused without a token.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { io } from 'socket.io-client'

const base = process.env.BEDEL_URL
const answer = await fetch(`${base}/api/v1/auth/login`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ username: process.env.BEDEL_USERNAME, password: process.env.BEDEL_PASSWORD }),
})
assert.equal(answer.status, 200)
const { access_token: token } = await answer.json()

const connect = (auth) => io(`${base}/live`, { transports: ['websocket'], auth, reconnection: false })
const within = (promise, what) =>
  Promise.race([promise, new Promise((_, fail) => setTimeout(() => fail(new Error(`never came: ${what}`)), 30_000).unref())])

const refused = connect({ token: 'nonsense' })
await within(new Promise((done) => { refused.on('disconnect', done); refused.on('connect_error', done) }), 'a refusal')
refused.close()

const socket = connect({ token })
const events = []
const waiting = []
socket.on('event', (event) => {
  events.push(event)
  for (const check of [...waiting]) check()
})
const until = (what, wanted) =>
  within(new Promise((done) => {
    const check = () => {
      const found = events.find(wanted)
      if (found) { waiting.splice(waiting.indexOf(check), 1); done(found) }
    }
    waiting.push(check)
    check()
  }), what)
await within(new Promise((done) => socket.on('connect', done)), 'a connection')

for (const topic of ['services', 'transfers', 'presence']) {
  assert.equal((await socket.timeout(10_000).emitWithAck('subscribe', { topic, params: {} })).ok, true, topic)
}
assert.equal((await socket.timeout(10_000).emitWithAck('subscribe', { topic: 'secrets' })).ok, false)

const services = await until('the services', (event) => event.topic === 'services')
assert.equal(services.seq, 1)
assert.ok(services.data.roles.some((role) => role.role === 'files'))
const first = await until('the transfers', (event) => event.topic === 'transfers')
assert.ok(Array.isArray(first.data.items))

// An upload that stays unfinished is seen as a transfer.
const body = randomBytes(300_000)
const made = await fetch(`${base}/api/v1/uploads`, {
  method: 'POST',
  headers: { Authorization: `Bearer ${token}`, 'Tus-Resumable': '1.0.0', 'Upload-Length': '600000', 'Upload-Metadata': 'filename bGl2ZS5iaW4=' },
})
assert.equal(made.status, 201)
const place = new URL(made.headers.get('location'), base)
const sent = await fetch(place, {
  method: 'PATCH',
  headers: { Authorization: `Bearer ${token}`, 'Tus-Resumable': '1.0.0', 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' },
  body,
})
assert.equal(sent.status, 204)
const mine = (event) => event.topic === 'transfers' && (event.data.items ?? event.data.changed).some((one) => one.size === 600_000)
await until('my transfer', mine)

for (const topic of ['services', 'transfers', 'presence']) {
  const numbers = events.filter((event) => event.topic === topic).map((event) => event.seq)
  assert.deepEqual(numbers, numbers.map((_, place) => place + 1), `${topic}: numbered without gaps`)
}
socket.close()
console.log(`${events.length} events`)
