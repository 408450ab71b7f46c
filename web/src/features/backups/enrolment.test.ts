import { describe, expect, it } from 'vitest';
import { linesOf, quoted, tokenWord } from './enrolment';

const TOKEN = { id: '01k9', secret: 'ab'.repeat(32), ca: 'cd'.repeat(32), expires_at: '2026-11-21T00:15:00Z' };

describe('an enrolment', () => {
  it('is one word that holds what the node needs and nothing else', () => {
    const word = tokenWord('https://campus.example/', TOKEN);
    expect(word).toMatch(/^bedel-[\w-]+$/);
    const inside = JSON.parse(Buffer.from(word.slice('bedel-'.length), 'base64url').toString('utf8'));
    expect(inside).toEqual({ url: 'https://campus.example', ca: TOKEN.ca, id: TOKEN.id, secret: TOKEN.secret });
  });

  it('is two lines that any shell reads', () => {
    expect(linesOf('bedel-x', '/srv/data', 'web-1')).toEqual([
      'bedel agent --listen 0.0.0.0:9750 --allow /srv/data --enroll bedel-x',
      'bedel backup register web-1:9750 /srv/data --every 60',
    ]);
    expect(quoted("/srv/l'été $HOME")).toBe("'/srv/l'\\''été $HOME'");
  });
});
