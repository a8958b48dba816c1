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

test('time without parts → not counted', () => {
  const { meter, send, pause } = meterWithClock();
  send(10, 1000);
  pause(3_600_000);
  send(10, 1000);
  expect((meter.bytesPerSecond() ?? 0) / MIB).toBeCloseTo(10, 0);
});

test('concurrent parts → their time is counted once', () => {
  const { meter, send } = meterWithClock();
  const end = meter.begin();
  send(10, 1000);
  end();
  expect((meter.bytesPerSecond() ?? 0) / MIB).toBeCloseTo(10, 0);
});

test('recent measurements weigh more than older ones', () => {
  const { meter, send } = meterWithClock();
  for (let minute = 0; minute < 5; minute++) send(6000, 60_000);
  for (let minute = 0; minute < 5; minute++) send(600, 60_000);
  expect((meter.bytesPerSecond() ?? 0) / MIB).toBeLessThan(12);
});

test('too little time or too few bytes → unknown', () => {
  const { meter, send } = meterWithClock();
  expect(meter.bytesPerSecond()).toBeNull();
  send(50, 100);
  expect(meter.bytesPerSecond()).toBeNull();
});
