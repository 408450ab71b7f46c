import { Server } from 'socket.io';

const STAFF = ['admin', 'staff'];
const FOR_STAFF = ['services', 'rooms', 'grades.recent', 'backups'];

/** The hub at /socket.io/, namespace /live: each subscription is numbered by itself. */
export class Live {
  /** By socket, what it follows. */
  following = new Map();
  /** Connected, but nothing comes: as with a live store that is away. */
  stalled = false;

  constructor(server, { accounts, campus, files, rooms, grades, backups }) {
    this.io = new Server(server, { transports: ['websocket'] });
    const space = this.io.of('/live');
    space.use((socket, next) => {
      const user = accounts.verify(socket.handshake.auth.token ?? '');
      if (user === null) return next(new Error('unauthorized'));
      socket.data.user = user;
      next();
    });
    const first = {
      services: (user) => campus.status(user.role),
      transfers: (user) => ({ items: files.transfers(user) }),
      presence: () => ({ items: [] }),
      rooms: () => rooms.news(),
      backups: () => ({ items: backups.items() }),
      'grades.total': () => ({ count: grades.records.size }),
      'grades.count': (_, params) => ({ count: grades.found(params).length }),
      'grades.recent': () => ({ items: grades.recent() }),
    };
    space.on('connection', (socket) => {
      const { user } = socket.data;
      const mine = new Map();
      this.following.set(socket, mine);
      socket.on('subscribe', ({ topic, params = {} }, ack) => {
        if (first[topic] === undefined) return ack?.({ ok: false, code: 'unknown_topic' });
        if (FOR_STAFF.includes(topic) && !STAFF.includes(user.role)) return ack?.({ ok: false, code: 'forbidden' });
        const subscription = { topic, params, seq: 0 };
        mine.set(JSON.stringify([topic, params]), subscription);
        ack?.({ ok: true });
        this.send(socket, subscription, first[topic](user, params));
      });
      socket.on('unsubscribe', ({ topic, params = {} }) => mine.delete(JSON.stringify([topic, params])));
      socket.on('disconnect', () => this.following.delete(socket));
    });
    const services = () => this.emit('services', (user) => campus.status(user.role));
    campus.listeners.add(services);
    this.timer = setInterval(services, 500);
    backups.onChange = (changed) =>
      this.emit('backups', () => (changed === null ? { items: backups.items() } : { changed }));
    rooms.onChange = (changed) => this.emit('rooms', () => rooms.news(changed));
    files.onTransfer = (transfer) =>
      this.emit('transfers', (user) =>
        user.role === 'admin' || transfer.user === user.id ? { changed: [transfer] } : {},
      );
    grades.onChange = () => {
      for (const topic of ['grades.total', 'grades.count', 'grades.recent']) this.emit(topic, first[topic]);
    };
  }

  emit(topic, dataFor) {
    for (const [socket, mine] of this.following) {
      for (const subscription of mine.values()) {
        if (subscription.topic === topic) {
          this.send(socket, subscription, dataFor(socket.data.user, subscription.params));
        }
      }
    }
  }

  send(socket, subscription, data) {
    if (this.stalled && subscription.topic.startsWith('grades.')) return;
    subscription.seq += 1;
    const { topic, params, seq } = subscription;
    socket.emit('event', { topic, params, seq, data });
  }

  /** Cuts every connection; clients come back by themselves. */
  cut() {
    for (const socket of this.following.keys()) socket.conn.close();
  }

  close() {
    clearInterval(this.timer);
    this.io.close();
  }
}
