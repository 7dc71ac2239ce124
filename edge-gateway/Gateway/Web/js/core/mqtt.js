// @ts-check
// A small MQTT 5 listener over WebSocket: CONNECT, SUBSCRIBE, PUBLISH at QoS 0 and 1 inward and QoS 0 outward, keep-alive, and
// connections that come back by themselves. Source of every format: OASIS MQTT 5.0; section numbers stand beside each part.

/**
 * A message that arrived.
 * @typedef {object} Message
 * @property {string} topic
 * @property {Uint8Array} payload
 * @property {boolean} retain True for what the broker kept.
 * @property {boolean} duplicate
 * @property {string | undefined} contentType
 * @property {number | undefined} expiryS What is left of its time, as the broker says it.
 */

/** @typedef {{ connected: boolean, reason: number, text: string }} ConnectionState reason: of MQTT, 0 for none. */
/** @typedef {(address: string) => WebSocket} SocketMaker */

const CONNECT = 1, CONNACK = 2, PUBLISH = 3, PUBACK = 4, SUBSCRIBE = 8, SUBACK = 9, PINGREQ = 12, PINGRESP = 13, DISCONNECT = 14;
const RECEIVE_MAXIMUM = 256;
const MAX_PACKET = 1 << 20;            // announced; a longer packet closes the connection
const KEEP_ALIVE_S = 10;
const CONNECT_TIMEOUT_MS = 10000;      // from opening the socket to SUBACK
const RETRY_FIRST_MS = 500, RETRY_LAST_MS = 15000;

const encoder = new TextEncoder(), decoder = new TextDecoder("utf-8", { fatal: true });

/** Reasons after which the same credentials will not do: retried seldom. */
const REFUSALS = new Set([0x85, 0x86, 0x87, 0x8A, 0x98]);

class Writer {
  /** @type {number[]} */
  bytes = [];
  /** @param {number} value */
  u8(value) { this.bytes.push(value & 0xff); return this; }
  /** @param {number} value */
  u16(value) { return this.u8(value >> 8).u8(value); }
  /** @param {number} value */
  u32(value) { return this.u16(value >>> 16).u16(value & 0xffff); }
  /** @param {Iterable<number>} bytes */
  raw(bytes) { for (const byte of bytes) this.bytes.push(byte); return this; }
  /** @param {string} value */
  text(value) {
    const bytes = encoder.encode(value);
    if (bytes.length > 0xffff) throw new Error("text too long");
    return this.u16(bytes.length).raw(bytes);
  }
  /** @param {number} value */
  variable(value) { // 1.5.5
    do {
      const digit = value % 128;
      value = Math.floor(value / 128);
      this.u8(value > 0 ? digit | 0x80 : digit);
    } while (value > 0);
    return this;
  }
}

class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) { this.bytes = bytes; this.at = 0; }
  u8() { return this.raw(1)[0]; }
  u16() { const b = this.raw(2); return (b[0] << 8) | b[1]; }
  u32() { return this.u16() * 65536 + this.u16(); }
  text() { return decoder.decode(this.raw(this.u16())); }
  rest() { return this.bytes.subarray(this.at); }
  /** @param {number} count */
  raw(count) {
    if (this.at + count > this.bytes.length) throw new Error("a packet ends early");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
  variable() { // 1.5.5
    let value = 0, scale = 1;
    for (let i = 0; i < 4; i++) {
      const digit = this.u8();
      value += (digit & 0x7f) * scale;
      if (digit < 0x80) return value;
      scale *= 128;
    }
    throw new Error("a length has more than four bytes");
  }
}

// 2.2.2.2: the type of each property. An unknown one cannot be skipped and is a protocol error.
/** @type {[number[], (r: Reader) => unknown][]} */
const readers = [
  [[1, 23, 25, 36, 37, 40, 41, 42], (r) => r.u8()],
  [[19, 33, 34, 35], (r) => r.u16()],
  [[2, 17, 24, 39], (r) => r.u32()],
  [[3, 8, 18, 21, 26, 28, 31], (r) => r.text()],
  [[9, 22], (r) => r.raw(r.u16())],
  [[11], (r) => r.variable()],
  [[38], (r) => [r.text(), r.text()]],
];
/** @type {Map<number, (r: Reader) => unknown>} */
const propertyTypes = new Map();
for (const [ids, read] of readers) for (const id of ids) propertyTypes.set(id, read);
const MESSAGE_EXPIRY = 2, CONTENT_TYPE = 3, SERVER_KEEP_ALIVE = 19, RECEIVE_MAXIMUM_ID = 33, MAXIMUM_PACKET_ID = 39;

/**
 * @param {Reader} reader
 * @returns {Map<number, any>} By identifier; what a value is, propertyTypes says.
 */
function readProperties(reader) {
  const inner = new Reader(reader.raw(reader.variable()));
  /** @type {Map<number, any>} */
  const found = new Map();
  while (inner.at < inner.bytes.length) {
    const id = inner.variable(), read = propertyTypes.get(id);
    if (!read) throw new Error("unknown property " + id);
    found.set(id, read(inner));
  }
  return found;
}

/**
 * @param {number} type
 * @param {number} flags
 * @param {Writer} body
 */
function packet(type, flags, body) {
  return new Uint8Array(new Writer().u8((type << 4) | flags).variable(body.bytes.length).bytes.concat(body.bytes));
}

/**
 * One logical connection. onstate({connected, reason, text}) tells of every change; onmessage({topic, payload, retain, duplicate,
 * contentType, expiryS}) of every message. At QoS 1 a message is acknowledged after onmessage has returned or thrown: one that this
 * page cannot digest would only come again.
 */
export class MqttListener {
  /**
   * Connects at once.
   * @param {object} parts
   * @param {string} parts.url The broker's address, ws or wss.
   * @param {string} parts.clientId
   * @param {string} parts.userName
   * @param {string} parts.password
   * @param {string[]} parts.filters Topics to listen to.
   * @param {number} [parts.qos] 0 or 1.
   * @param {(state: ConnectionState) => void} parts.onstate
   * @param {(message: Message) => void} parts.onmessage
   * @param {SocketMaker} [parts.socket] Opens the WebSocket; may throw.
   */
  constructor({ url, clientId, userName, password, filters, qos = 1, onstate, onmessage, socket = (address) => new WebSocket(address, "mqtt") }) {
    this.url = url;
    this.clientId = clientId;
    this.userName = userName;
    this.password = password;
    this.filters = filters;
    this.qos = qos;
    this.onstate = onstate;
    this.onmessage = onmessage;
    this.makeSocket = socket;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Uint8Array} What has arrived and is not a whole packet yet. */
    this.buffer = new Uint8Array(0);
    this.packetId = 1;
    this.pingPending = false;
    this.counters = { received: 0, duplicates: 0, connections: 0, losses: 0, indigestible: 0 };
    this.retryMs = RETRY_FIRST_MS;
    this.stopped = false;
    this.connected = false;
    this.open();
  }

  /** Opens a WebSocket and lets MQTT begin on it. */
  open() {
    this.buffer = new Uint8Array(0);
    this.packetId = 1;
    let socket;
    try {
      socket = this.makeSocket(this.url);
    } catch (error) {
      this.lost(error instanceof Error ? error.message : String(error));
      return;
    }
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    /** @type {<E>(handle: (event: E) => void) => (event: E) => void} What an older socket says does not count. */
    const mine = (handle) => (event) => { if (socket === this.socket) handle(event); };
    socket.onopen = mine(() => this.sendConnect());
    socket.onmessage = mine((/** @type {MessageEvent} */ event) => {
      if (typeof event.data === "string") this.lost("text where MQTT is binary"); // 6.0-1
      else this.receive(new Uint8Array(event.data));
    });
    socket.onclose = mine(() => this.lost("closed"));
    this.deadline = setTimeout(mine(() => this.lost("no answer")), CONNECT_TIMEOUT_MS);
  }

  sendConnect() { // 3.1
    const flags = 0x02 | (this.userName ? 0x80 : 0) | (this.password ? 0x40 : 0);
    const properties = new Writer().u8(RECEIVE_MAXIMUM_ID).u16(RECEIVE_MAXIMUM).u8(MAXIMUM_PACKET_ID).u32(MAX_PACKET);
    const body = new Writer().text("MQTT").u8(5).u8(flags).u16(KEEP_ALIVE_S)
      .variable(properties.bytes.length).raw(properties.bytes).text(this.clientId);
    if (this.userName) body.text(this.userName);
    if (this.password) body.text(this.password);
    this.send(packet(CONNECT, 0, body));
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  send(bytes) { if (this.socket?.readyState === 1) this.socket.send(bytes); }

  /**
   * Publishes at QoS 0. 3.3
   * @param {string} topic
   * @param {string} payload
   * @returns {boolean} False when not connected.
   */
  publish(topic, payload) {
    if (!this.connected) return false;
    this.send(packet(PUBLISH, 0, new Writer().text(topic).variable(0).raw(encoder.encode(payload))));
    return true;
  }

  /** @param {Uint8Array} chunk */
  receive(chunk) {
    if (this.buffer.length === 0) this.buffer = chunk;
    else {
      const joined = new Uint8Array(this.buffer.length + chunk.length);
      joined.set(this.buffer);
      joined.set(chunk, this.buffer.length);
      this.buffer = joined;
    }
    const socket = this.socket;
    try {
      while (socket === this.socket) {
        const head = this.fixedHeader();
        if (!head || this.buffer.length < head.end) return;
        const body = this.buffer.subarray(head.at, head.end);
        this.buffer = this.buffer.subarray(head.end);
        this.handle(head.first >> 4, head.first & 15, new Reader(body));
      }
    } catch (error) {
      if (socket === this.socket) this.lost(error instanceof Error ? error.message : String(error));
    }
  }

  /** Where the next packet begins and ends, or null while too little of it is here. 2.1 */
  fixedHeader() {
    let length = 0, scale = 1;
    for (let at = 1; at <= 4; at++) {
      if (at >= this.buffer.length) return null;
      const digit = this.buffer[at];
      length += (digit & 0x7f) * scale;
      if (digit < 0x80) {
        if (length + at + 1 > MAX_PACKET) throw new Error("a packet is longer than announced");
        return { first: this.buffer[0], at: at + 1, end: at + 1 + length };
      }
      scale *= 128;
    }
    throw new Error("a length has more than four bytes");
  }

  /**
   * @param {number} type
   * @param {number} flags
   * @param {Reader} reader
   */
  handle(type, flags, reader) {
    if (type !== PUBLISH && flags !== 0) throw new Error("reserved flags are set");
    switch (type) {
      case CONNACK: this.onConnack(reader); return;
      case SUBACK: this.onSuback(reader); return;
      case PUBLISH: this.onPublish(flags, reader); return;
      case PINGRESP: this.pingPending = false; return;
      case DISCONNECT: this.lost("the broker disconnected", reader.bytes.length > 0 ? reader.u8() : 0); return;
      default: throw new Error("unexpected packet " + type);
    }
  }

  /** @param {Reader} reader */
  onConnack(reader) { // 3.2
    reader.u8();
    const reason = reader.u8();
    if (reason !== 0) { this.lost("refused", reason); return; }
    const keepAliveS = readProperties(reader).get(SERVER_KEEP_ALIVE) ?? KEEP_ALIVE_S;
    this.pingPending = false;
    if (keepAliveS > 0) this.pinger = setInterval(() => this.ping(), keepAliveS * 500);
    const body = new Writer().u16(this.packetId).variable(0);
    for (const filter of this.filters) body.text(filter).u8(this.qos);
    this.send(packet(SUBSCRIBE, 2, body));
  }

  /** @param {Reader} reader */
  onSuback(reader) { // 3.9
    if (reader.u16() !== this.packetId) throw new Error("SUBACK for nothing that was asked");
    readProperties(reader);
    const refused = reader.rest().find((code) => code >= 0x80);
    if (refused !== undefined) { this.lost("subscription refused", refused); return; }
    clearTimeout(this.deadline);
    this.connected = true;
    this.counters.connections++;
    this.retryMs = RETRY_FIRST_MS;
    this.onstate({ connected: true, reason: 0, text: "listening" });
  }

  /**
   * @param {number} flags
   * @param {Reader} reader
   */
  onPublish(flags, reader) { // 3.3
    const qos = (flags >> 1) & 3;
    if (qos > 1) throw new Error("QoS above what was asked");
    const topic = reader.text();
    const id = qos === 1 ? reader.u16() : 0;
    const properties = readProperties(reader);
    const duplicate = (flags & 8) !== 0;
    this.counters.received++;
    if (duplicate) this.counters.duplicates++;
    try {
      this.onmessage({
        topic, duplicate, payload: reader.rest(), retain: (flags & 1) === 1,
        contentType: properties.get(CONTENT_TYPE), expiryS: properties.get(MESSAGE_EXPIRY),
      });
    } catch (error) {
      this.counters.indigestible++;
      console.warn("message on " + topic, error);
    }
    if (qos === 1) this.send(packet(PUBACK, 0, new Writer().u16(id)));
  }

  /** Asks whether the broker is still there; without an answer to the last time it is not. */
  ping() {
    if (this.pingPending) { this.lost("no answer to a ping"); return; }
    this.pingPending = true;
    this.send(packet(PINGREQ, 0, new Writer()));
  }

  /**
   * The connection is given up; another is tried after a while, longer each time.
   * @param {string} text Why.
   * @param {number} [reason] As MQTT gave it.
   */
  lost(text, reason = 0) {
    const socket = this.socket;
    this.socket = null;
    this.connected = false;
    clearTimeout(this.deadline);
    clearInterval(this.pinger);
    this.counters.losses++;
    try { socket?.close(); } catch { /* it is closed */ }
    if (this.stopped) return;
    if (REFUSALS.has(reason)) this.retryMs = RETRY_LAST_MS;
    this.retry = setTimeout(() => this.open(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, RETRY_LAST_MS);
    this.onstate({ connected: false, reason, text });
  }

  /** Tries again now, when it waits to: whoever asks has seen that the other side is back. */
  hurry() {
    if (this.stopped || this.socket) return;
    clearTimeout(this.retry);
    this.retryMs = RETRY_FIRST_MS;
    this.open();
  }

  /** Says goodbye and stays away. */
  close() {
    this.stopped = true;
    clearTimeout(this.retry);
    this.send(packet(DISCONNECT, 0, new Writer()));
    this.lost("stopped");
  }
}
