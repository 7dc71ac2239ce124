// What a session's topics and the gateway's answers carry, as far as the pages read it: edge-gateway/MQTT.md has the whole of it.

/** The names under which a reading is known everywhere. */
export interface Identity {
  device: string;
  boot: number;
  stream: number;
  sequence: number;
}

interface ReadingHead {
  /** "device.boot.stream.sequence". */
  id: string;
  stream: number;
  flags?: string[];
  time: { deviceUs: number; utc: string | null };
}

export interface VitalReading extends ReadingHead {
  kind: "vital" | "status";
  code: { mdc: number };
  unit: string;
  /** Null when there is a reason instead. */
  value: number | null;
  /** A word of AbsenceReason; null when there is a value. */
  absent: string | null;
  quality: number | null;
  site?: string | null;
  status?: string[];
}

export interface EventReading extends ReadingHead {
  kind: "event";
  /** A fault code. */
  code: string;
  argument: number;
}

export interface GapReading extends ReadingHead {
  kind: "gap";
  lost: { count: number; unit: string; atLeast?: boolean };
  /** A word of GapCause. */
  cause: string;
}

export interface OtherReading extends ReadingHead {
  kind: "beat" | "clock";
}

export type Reading = VitalReading | EventReading | GapReading | OtherReading;

/** Topic …/state. */
export interface SessionState {
  open: boolean;
  vitals?: VitalReading[];
  /** Beside each vital its age when this was published, ms; null when the cart does not know it. */
  agesMs?: (number | null)[];
}

/** Topic …/spot. */
export interface SessionSpot {
  vitals?: VitalReading[];
  events?: EventReading[];
}

/** Topic …/device/{device}. */
export interface Device {
  device: string;
  role?: string;
  connected: boolean;
  maker?: string;
  model?: string;
  sensorClass?: string;
}

/** Topic …/wave/{device}/{stream}/description. */
export interface WaveDescription {
  device: string;
  stream: number;
  /** What one step of a sample is in the quantity's unit. */
  scale?: number | null;
}

/** Where a stethoscope sits and how it is listened to. */
export interface Place {
  site: string;
  posture: string;
  filter: string;
}

/** One band of a listener's check. */
export interface CheckBand {
  hz: number;
  sent: number;
  heard: number;
  heardAll?: boolean;
}

/** Topic …/auscultation. */
export interface Auscultation {
  listening: boolean;
  requested: Place | null;
  confirmed: Place | null;
  checks?: { consumer: string; bands: CheckBand[] }[];
}

/** Topic …/live/{device}/{stream}/status. */
export interface LiveStatus {
  step: string;
  verdict: string | null;
  heartRate: number | null;
  heartRateUncertainty: number | null;
  dropped: { missing: number; notTaken: number };
}

/** Topic …/clip/{clip}: the manifest. */
export interface Clip extends Place {
  clip: string;
  state: string;
  device: string;
  boot: number;
  stream: number;
  rateHz: number;
  samples: number;
  firstUs: number;
  firstSequence: number | null;
  lastSequence: number;
  skipSamples: number;
  missingSamples: number;
  usable: boolean | null;
  verdict: string | null;
}

/** An entry of hardware/faults.json. */
export interface CatalogueEntry {
  code: string;
  happened: Record<string, string>;
  do: Record<string, string>;
}

/** A fault as the pages show it; the gateway's refusals have this form. */
export interface Fault {
  code: string;
  happened: string;
  detail?: string;
  do: string;
}

/** An issue of /health. */
export interface Issue extends Fault {
  subject?: Record<string, string>;
  since?: string | null;
  count?: number;
}

/** Answer of GET /health. */
export interface Health {
  boot: number;
  issues: Issue[];
  sessions: { session: string; state: string; pending: number; hasSubscriber: boolean }[];
}

/** Answer of GET /api/session/{id}/link. */
export interface Link {
  broker: string;
  cart: string;
  session: string;
  token: string;
  page: string;
}

/** Who is measured, and with which cuff: /api/session/{id}/patient. */
export interface Patient {
  category: string | null;
  cuffSize: string;
  cuffOnOximeterArm: boolean;
}

/** Answer of POST /api/cuff/stop. */
export interface StopAnswer {
  confirmed: boolean;
  told: number;
  taken: number;
}

/** What is asked of whoever stands at the cart: GET /api/requests. */
export interface BedsideRequest {
  id: string;
  action: string;
  utc: string | null;
}

/** Who is logged in here, and how one may log in: GET /api/login. */
export interface LoginState {
  accounts: boolean;
  atCart: boolean;
  unclaimed: boolean;
  withoutBadge: boolean;
  badge: boolean;
  lockAfterMs: number;
  names: string[];
  who: { role: string; name: string; token: string } | null;
}

/** An answer of the gateway. */
export interface Answer<T> {
  ok: boolean;
  /** It was refused because nobody is logged in. */
  isLocked?: boolean;
  body: T;
}
