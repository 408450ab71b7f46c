import { Server } from 'socket.io';

const STAFF = ['admin', 'staff'];

/** The hub at /socket.io/, namespace /live. */
export class Live {
  seq = {};
  subscribers = { services: new Set(), transfers: new Set(), presence: new Set(), rooms: new Set() };

  constructor(server, { accounts, campus, files, rooms }) {
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
    };
    space.on('connection', (socket) => {
      const { user } = socket.data;
      socket.on('subscribe', ({ topic }, ack) => {
        if (first[topic] === undefined) return ack?.({ ok: false, error: 'unknown topic' });
        if (['services', 'rooms'].includes(topic) && !STAFF.includes(user.role))
          return ack?.({ ok: false, error: 'forbidden' });
        this.subscribers[topic].add(socket);
        ack?.({ ok: true });
        socket.emit('event', { topic, params: {}, seq: this.seq[topic] ?? 0, data: first[topic](user) });
      });
      socket.on('unsubscribe', ({ topic }) => this.subscribers[topic]?.delete(socket));
      socket.on('disconnect', () => {
        for (const set of Object.values(this.subscribers)) set.delete(socket);
      });
    });
    const services = () => this.emit('services', (user) => campus.status(user.role));
    campus.listeners.add(services);
    this.timer = setInterval(services, 500);
    rooms.onChange = (changed) => this.emit('rooms', () => rooms.news(changed));
    files.onTransfer = (transfer) =>
      this.emit('transfers', (user) =>
        user.role === 'admin' || transfer.user === user.id ? { changed: [transfer] } : null,
      );
  }

  emit(topic, dataFor) {
    this.seq[topic] = (this.seq[topic] ?? 0) + 1;
    for (const socket of this.subscribers[topic]) {
      const data = dataFor(socket.data.user);
      socket.emit('event', { topic, params: {}, seq: this.seq[topic], data: data ?? {} });
    }
  }

  close() {
    clearInterval(this.timer);
    this.io.close();
  }
}
