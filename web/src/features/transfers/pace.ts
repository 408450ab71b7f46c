/** How far back the speed looks, in milliseconds: long enough to be calm, short enough to be true. */
const WINDOW = 5_000;

interface Sample {
  at: number;
  bytes: number;
}

/** Speed and time left of one upload, from what it reported over the last seconds. */
export class Pace {
  private samples: Sample[] = [];

  reset(): void {
    this.samples = [];
  }

  note(at: number, bytes: number): void {
    this.samples.push({ at, bytes });
    while (this.samples.length > 2 && at - (this.samples[0]?.at ?? at) > WINDOW) this.samples.shift();
  }

  /** Bytes per second, or `null` while there is too little to say. */
  speed(): number | null {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 400) return null;
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.at - first.at));
  }
}
