// @ts-check
// Ages without trust in anybody's wall clock. A page's clock that never runs slow, and one estimate per pod boot of how its clock lies
// against it: the least delay seen so far, so that an age is too large by the network's jitter, never too small.

/** Above this difference between wall clock and monotonic clock the machine slept, or its clock was set: what is known of ages is void. */
const JUMP_MS = 2000;

/** The two clocks' largest drift against each other: 200 parts per million covers two crystals of 50 ppm at the extremes, twice. */
const DRIFT = 200e-6;

/**
 * A boot's clock is settled when its least delay fell by less than SETTLE_FALL_MS during SETTLE_MS in which messages came: a backlog that
 * is being sent makes it fall all the time. A fall of more than UNSETTLE_MS shows that what was believed before was a backlog after all.
 */
const SETTLE_MS = 10000, SETTLE_FALL_MS = 300, UNSETTLE_MS = 2000;

/** The page's clock, ms. */
export class PageClock {
  /**
   * @param {() => number} [monotonic] ms, never backwards.
   * @param {() => number} [wall] ms since 1970.
   */
  constructor(monotonic = () => performance.now(), wall = () => Date.now()) {
    this.monotonic = monotonic;
    this.wall = wall;
    this.lastMonotonic = monotonic();
    this.lastWall = wall();
    this.total = 0;
    /** Called when the machine slept or its clock was set. */
    this.onjump = () => { };
  }

  /** @returns {number} ms since this clock was made. */
  now() {
    const monotonic = this.monotonic(), wall = this.wall();
    const steps = monotonic - this.lastMonotonic, wallSteps = wall - this.lastWall;
    this.lastMonotonic = monotonic;
    this.lastWall = wall;
    // Some systems stop the monotonic clock while they sleep; the larger step makes values old rather than young.
    this.total += Math.max(steps, wallSteps, 0);
    if (Math.abs(steps - wallSteps) > JUMP_MS) this.onjump();
    return this.total;
  }
}

/** One boot of one pod against the page's clock. */
export class DeviceClock {
  constructor() {
    this.offsetMs = Infinity;    // page clock - device clock, at most
    this.heardMs = 0;
    this.windowMs = 0;           // since when the offset has not fallen
    this.windowOffsetMs = Infinity;
    this.isSettled = false;
    this.isLiveKnown = false;    // the cart has said an age live
  }

  /**
   * A live message measured at deviceMs arrived now.
   * @param {number} deviceMs The pod's clock.
   * @param {number} nowMs The page's clock.
   */
  heard(deviceMs, nowMs) {
    const aged = this.offsetMs + (nowMs - this.heardMs) * DRIFT;
    this.offsetMs = Math.min(aged, nowMs - deviceMs);
    this.heardMs = nowMs;
    const fallMs = this.windowOffsetMs - this.offsetMs;
    if (fallMs > SETTLE_FALL_MS) {
      if (fallMs > UNSETTLE_MS) this.isSettled = false;
      this.windowMs = nowMs;
      this.windowOffsetMs = this.offsetMs;
    } else if (nowMs - this.windowMs >= SETTLE_MS) {
      this.isSettled = true;
      this.windowMs = nowMs;
      this.windowOffsetMs = this.offsetMs;
    }
  }

  /**
   * The cart says how old a reading is, which it knows from its exchange of clocks with the pod: then nothing has to settle. What the broker kept for a while is
   * known less well, and gives way to what is said live. Between what was said live and what is said now the least delay counts: a late message must not make old values young.
   * @param {number} deviceMs The pod's clock when the reading was measured.
   * @param {number} ageMs
   * @param {number} nowMs The page's clock.
   * @param {boolean} isLive False for what the broker kept.
   */
  known(deviceMs, ageMs, nowMs, isLive) {
    if (!isLive && this.isSettled) return;
    const said = nowMs - deviceMs - ageMs, aged = this.offsetMs + (nowMs - this.heardMs) * DRIFT;
    this.offsetMs = this.windowOffsetMs = this.isLiveKnown ? Math.min(aged, said) : said;
    this.isLiveKnown ||= isLive;
    this.heardMs = this.windowMs = nowMs;
    this.isSettled = true;
  }

  /**
   * Age of what was measured at deviceMs.
   * @param {number} deviceMs The pod's clock.
   * @param {number} nowMs The page's clock.
   * @returns {number | null} ms, at least 0; null when no live message was heard.
   */
  ageMs(deviceMs, nowMs) {
    return this.offsetMs === Infinity ? null : Math.max(0, nowMs - deviceMs - this.offsetMs);
  }
}
