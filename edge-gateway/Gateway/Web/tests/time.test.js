import test from "node:test";
import assert from "node:assert/strict";
import { DeviceClock, PageClock } from "../js/core/time.js";

function pageClock() {
  const time = { monotonic: 1000, wall: 1e12, jumps: 0 };
  time.clock = new PageClock(() => time.monotonic, () => time.wall);
  time.clock.onjump = () => { time.jumps++; };
  time.pass = (monotonic, wall = monotonic) => { time.monotonic += monotonic; time.wall += wall; return time.clock.now(); };
  return time;
}

test("the page's clock goes by the larger of two steps and never backwards", () => {
  const time = pageClock();
  assert.equal(time.pass(100), 100);
  assert.equal(time.pass(100, 1500), 1600, "the monotonic clock stood still");
  assert.equal(time.pass(100, -50), 1700);
  assert.equal(time.pass(0, -50), 1700);
  assert.equal(time.jumps, 0);
});

test("sleep and a clock that was set are said: both ways, above 2 s", () => {
  const time = pageClock();
  time.pass(100, 2100);
  assert.equal(time.jumps, 0);
  time.pass(100, 2101);
  assert.equal(time.jumps, 1);
  time.pass(100, -1901);
  assert.equal(time.jumps, 2);
});

test("an age is counted from the least delay heard", () => {
  const clock = new DeviceClock();
  assert.equal(clock.ageMs(0, 5000), null, "nothing was heard");
  clock.heard(1000, 51300);
  assert.equal(clock.ageMs(1000, 51300), 0);
  clock.heard(2000, 52100);
  assert.equal(clock.ageMs(2000, 52100), 0);
  clock.heard(3000, 53900);
  assert.ok(Math.abs(clock.ageMs(3000, 53900) - 800) < 1, "a late message is as old as it is late: " + clock.ageMs(3000, 53900));
});

test("a clock is settled after 10 s in which the least delay did not fall", () => {
  const clock = new DeviceClock();
  for (let t = 0; t < 10; t++) clock.heard(t * 1000, 60000 + t * 1000);
  assert.equal(clock.isSettled, false);
  clock.heard(10000, 70000);
  assert.equal(clock.isSettled, true);
});

test("a backlog that is being sent never settles, and unsettles what was settled", () => {
  const clock = new DeviceClock();
  // Sent ten times as fast as it was measured: each message is 900 ms less late than the one before.
  for (let t = 0; t < 30; t++) clock.heard(t * 1000, 100000 + t * 100);
  assert.equal(clock.isSettled, false);
  for (let t = 0; t <= 10; t++) clock.heard(30000 + t * 1000, 103000 + t * 1000);
  assert.equal(clock.isSettled, true);
  clock.heard(50000, 113500);
  assert.equal(clock.isSettled, false);
});

test("the least delay grows by 200 ppm, so that drift is forgotten", () => {
  const clock = new DeviceClock();
  clock.heard(0, 0);
  clock.heard(1_000_000, 1_000_500);
  assert.ok(Math.abs(clock.offsetMs - 200.1) < 0.01, String(clock.offsetMs));
});

test("what the cart says of an age is believed at once; live before kept, the least delay among live", () => {
  const clock = new DeviceClock();
  clock.known(1000, 400, 51000, false);
  assert.equal(clock.isSettled, true);
  assert.equal(clock.ageMs(1000, 51000), 400);
  clock.known(1000, 9000, 51000, false);
  assert.equal(clock.ageMs(1000, 51000), 400, "kept, and settled already");
  clock.known(2000, 500, 52500, true);
  assert.equal(clock.ageMs(2000, 52500), 500);
  clock.known(3000, 10, 60000, true);
  assert.ok(clock.ageMs(3000, 60000) > 6000, "a late message does not make old values young");
});
