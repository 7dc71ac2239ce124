// A WebSocket without a network: what is sent is kept, and the test is the broker.

import { le, utf8 } from "./bytes.js";

export class FakeSocket {
  static all = [];

  constructor(address) {
    this.address = address;
    this.readyState = 0;
    this.sent = [];
    this.isClosed = false;
    FakeSocket.all.push(this);
  }

  send(bytes) { this.sent.push([...bytes]); }

  close() { this.isClosed = true; this.readyState = 3; }

  open() { this.readyState = 1; this.onopen({}); }

  receive(bytes) { this.onmessage({ data: new Uint8Array(bytes).buffer }); }

  /** Opens and answers CONNECT and SUBSCRIBE well. */
  accept() {
    this.open();
    this.receive([0x20, 3, 0, 0, 0]);
    this.receive([0x90, 4, 0, 1, 0, 1]);
  }
}

/** An MQTT text: two bytes of length, high first, and UTF-8. */
export function mqttText(text) {
  const bytes = [...utf8(text)];
  return [bytes.length >> 8, bytes.length & 255, ...bytes];
}

/** A packet with its length. */
export function packet(first, body) {
  const length = [];
  let rest = body.length;
  do { length.push(rest > 127 ? (rest & 127) | 128 : rest); rest >>= 7; } while (rest > 0);
  return [first, ...length, ...body];
}

/** PUBLISH with properties given as bytes. */
export function publish({ topic, payload = [], qos = 0, id = 1, retain = false, duplicate = false, properties = [] }) {
  const first = 0x30 | (duplicate ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  return packet(first, [...mqttText(topic), ...(qos > 0 ? le(id, 2).reverse() : []), properties.length, ...properties, ...payload]);
}
