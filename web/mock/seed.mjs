import { createHash, randomUUID } from 'node:crypto';

const TITLES = [
  ['Introducción a los sistemas operativos', 'clase-01-introduccion.mp4', 'video/mp4', 'Clases', 94_300_000],
  ['Planificación de procesos', 'clase-02-procesos.mp4', 'video/mp4', 'Clases', 87_120_000],
  ['Programa del curso SO1', 'programa-so1-2026.pdf', 'application/pdf', 'Documentos', 412_400],
  ['Guía de laboratorio 3: semáforos', 'lab3-semaforos.txt', 'text/plain', 'Laboratorios', 0],
  ['Plano del edificio T3', 'plano-t3.png', 'image/png', 'Infraestructura', 0],
  ['Audio de la conferencia inaugural', 'conferencia-inaugural.mp3', 'audio/mpeg', 'Eventos', 31_870_000],
  ['Conjunto de datos: consumo eléctrico', 'consumo-2025.csv', 'text/csv', 'Investigación', 0],
  ['Respaldo del repositorio de tesis', 'tesis-2026-10.tar.gz', 'application/gzip', 'Investigación', 99_999_000],
  ['Acta de la junta directiva 14-2026', 'acta-14-2026.pdf', 'application/pdf', 'Documentos', 1_204_000],
  [null, 'IMG_20261104_081532.jpg', 'image/jpeg', null, 4_812_000],
];

// A grey 2×2 PNG: enough to be decoded and shown.
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAYAAABytg0kAAAAFElEQVR4nGNsaGj4z8DAwMDEAAUAHRQCBHAZ3pQAAAAASUVORK5CYII=',
  'base64',
);
const TEXT =
  'Guía de laboratorio 3\n\n1. Escriba dos procesos que compartan un contador.\n2. Protéjalo con un semáforo.\n3. Mida la diferencia.\n';

/** Files as a campus has them; their bytes are made up, and short. */
export function seedFiles(users) {
  const found = [];
  for (let round = 0; round < 7; round += 1) {
    TITLES.forEach(([title, name, type, category, size], index) => {
      const bytes = type === 'image/png' ? PNG : Buffer.from(TEXT);
      found.push({
        id: randomUUID(),
        name: round === 0 ? name : name.replace('.', `-${round + 1}.`),
        title: title === null ? '' : round === 0 ? title : `${title} (${round + 1})`,
        description: index % 3 === 0 ? 'Material del segundo semestre.' : '',
        category: category ?? '',
        classification: ['', 'Interno', 'Público'][index % 3],
        tags: index % 4 === 0 ? ['so1', '2026'] : [],
        type,
        size: size || bytes.length,
        sha256: createHash('sha256').update(`${name}${round}`).digest('hex'),
        owner: users[(index * 3 + round) % users.length].id,
        owner_name: users[(index * 3 + round) % users.length].username,
        visibility: ['campus', 'private', 'public'][(index + round) % 3],
        created_at: new Date(Date.now() - (round * 10 + index) * 7_300_000).toISOString(),
        state: 'ready',
        downloads: (index * 13 + round * 5) % 47,
        expires_at: index === 3 ? new Date(Date.now() + (round + 2) * 86_400_000).toISOString() : null,
        deleted_at: round === 6 && index < 4 ? new Date(Date.now() - index * 90_000_000).toISOString() : null,
        voucher: null,
        bytes,
      });
    });
  }
  return found;
}
