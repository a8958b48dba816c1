import { expect, test } from 'vitest';
import { createLinkMeter } from '../../../alibaba/upload/link-speed.js';

const MIB = 1024 ** 2;

function meterWithClock() {
  let time = 0;
  const meter = createLinkMeter(() => time);
  const send = (mebibytes: number, ms: number) => {
    const end = meter.begin();
    for (let step = 0; step < 10; step++) {
      time += ms / 10;
      meter.sent((mebibytes * MIB) / 10);
    }
    end();
  };
  return {
    meter,
    send,
    pause: (ms: number) => {
      time += ms;
    },
  };
}

test('the speed is that of the time in which something is sent', () => {
  const { meter, send, pause } = meterWithClock();
  send(10, 1000);
  pause(3_600_000);
  send(10, 1000);
  expect((meter.bytesPerSecond() ?? 0) / MIB).toBeCloseTo(10, 0);
});

test('parts that are under way together count their time once', () => {
  const { meter, send } = meterWithClock();
  const end = meter.begin();
  send(10, 1000);
  end();
  expect((meter.bytesPerSecond() ?? 0) / MIB).toBeCloseTo(10, 0);
});

test('what the link gives now counts more than what it gave before', () => {
  const { meter, send } = meterWithClock();
  for (let minute = 0; minute < 5; minute++) send(6000, 60_000);
  for (let minute = 0; minute < 5; minute++) send(600, 60_000);
  expect((meter.bytesPerSecond() ?? 0) / MIB).toBeLessThan(12);
});

test('a moment tells nothing', () => {
  const { meter, send } = meterWithClock();
  expect(meter.bytesPerSecond()).toBeNull();
  send(50, 100);
  expect(meter.bytesPerSecond()).toBeNull();
});
