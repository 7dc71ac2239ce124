// Every word of both pages, in English and French: one line a key, so that a test can read them. A missing key shows as the key.

export const languages = ["en", "fr"];

const words = {
  "title": ["Telemedicine cart", "Chariot de télémédecine"],
  "titleFar": ["Consultation: live view", "Consultation : vue en direct"],
  "intendedUseTitle": ["Intended use", "Usage prévu"],
  "intendedUse": ["Attended spot checks and live viewing in a teleconsultation. No physiological alarms, no unattended monitoring, no newborns, never the only basis of an urgent decision. Sensors built from these parts are not CE-marked: for patients use CE-marked devices.", "Mesures ponctuelles en présence d'un soignant et vue en direct pendant une téléconsultation. Pas d'alarmes physiologiques, pas de surveillance sans présence, pas de nouveau-nés, jamais la seule base d'une décision urgente. Les capteurs construits avec ces composants ne portent pas le marquage CE : pour des patients, utilisez des appareils marqués CE."],
  "language": ["Français", "English"],
  "languageName": ["Passer au français", "Switch to English"],
  "noScript": ["This page needs JavaScript.", "Cette page a besoin de JavaScript."],
  "values": ["Measurements", "Mesures"],
  "pleth": ["Pulse wave (infrared)", "Onde de pouls (infrarouge)"],
  "plethNone": ["No wave is arriving.", "Aucune onde n'arrive."],
  "plethLive": ["Wave arriving, {0} samples per second.", "Onde reçue, {0} échantillons par seconde."],
  "plethUncalibrated": ["Shape only, not calibrated. A break in the line is lost or late data.", "Forme seule, non étalonnée. Une coupure de la ligne est une donnée perdue ou en retard."],
  "quality": ["quality", "qualité"],
  "qualityOf": ["quality {0} of 100", "qualité {0} sur 100"],
  "ageSeconds": ["{0} s ago", "il y a {0} s"],
  "ageNow": ["now", "maintenant"],
  "lastValue": ["last value {0}", "dernière valeur {0}"],
  "noValueYet": ["no value yet", "pas encore de valeur"],
  "noNewValue": ["no new value for 30 s", "pas de nouvelle valeur depuis 30 s"],
  "waitingForAge": ["age not known yet", "âge pas encore connu"],
  "unsynchronised": ["time of day not known", "heure du jour inconnue"],
  "predicted": ["early estimate", "estimation précoce"],
  "manual": ["typed in by a person", "saisi par une personne"],
  "simulated": ["SIMULATED", "SIMULÉ"],
  "simulatedMeans": ["These readings come from a simulator or a test, not from a patient.", "Ces mesures viennent d'un simulateur ou d'un essai, pas d'un patient."],
  "session": ["Session", "Séance"],
  "sessionName": ["Session name", "Nom de la séance"],
  "sessionNameHint": ["1 to 64 letters, digits, - or _", "1 à 64 lettres, chiffres, - ou _"],
  "openSession": ["Open session", "Ouvrir la séance"],
  "closeSession": ["Close session", "Fermer la séance"],
  "sessionOpen": ["Session {0} is open.", "La séance {0} est ouverte."],
  "sessionClosed": ["Session {0} is closed.", "La séance {0} est fermée."],
  "sessionNone": ["No session is open: nothing is measured on the patient.", "Aucune séance n'est ouverte : rien n'est mesuré sur le patient."],
  "sessionUnknown": ["State of session {0} not known yet.", "État de la séance {0} pas encore connu."],
  "sessionPending": ["{0} readings wait to be sent.", "{0} mesures attendent l'envoi."],
  "sessionUnheard": ["Nobody on the far side is listening yet.", "Personne n'écoute encore de l'autre côté."],
  "farLink": ["Link for the far side", "Lien pour l'autre côté"],
  "farLinkMeans": ["Whoever has this link can watch this session. It ends two minutes after the session is closed.", "Quiconque a ce lien peut suivre cette séance. Il cesse deux minutes après la fermeture de la séance."],
  "copy": ["Copy", "Copier"],
  "copied": ["Copied.", "Copié."],
  "openFar": ["Open far page", "Ouvrir la page distante"],
  "link": ["Connection", "Liaison"],
  "connecting": ["Connecting …", "Connexion …"],
  "connected": ["Connected to the session's broker.", "Relié au serveur de la séance."],
  "reconnecting": ["Not connected. Trying again; values on this page grow old.", "Non relié. Nouvel essai ; les valeurs de cette page vieillissent."],
  "refusedToken": ["The broker refused this link: it is of another session, or the session has ended. Ask the cart's side for a new link.", "Le serveur a refusé ce lien : il est d'une autre séance, ou la séance est finie. Demandez un nouveau lien au côté du chariot."],
  "sessionOver": ["The session has ended. Ask the cart's side for a new link.", "La séance est finie. Demandez un nouveau lien au côté du chariot."],
  "refusedOther": ["The broker refused the connection (reason {0}).", "Le serveur a refusé la connexion (raison {0})."],
  "linkMissing": ["This page needs a whole link with broker, cart, session and token. Ask the cart's side for it.", "Cette page a besoin d'un lien complet avec serveur, chariot, séance et jeton. Demandez-le au côté du chariot."],
  "pods": ["Pods", "Pods"],
  "noPods": ["No pod has been seen.", "Aucun pod n'a été vu."],
  "podOnline": ["connected", "relié"],
  "podOffline": ["not connected", "non relié"],
  "podUnknown": ["connection not known", "liaison inconnue"],
  "gateway": ["Gateway", "Passerelle"],
  "pod": ["Pod {0}", "Pod {0}"],
  "notCeMarked": ["not CE-marked", "sans marquage CE"],
  "part.thermometer": ["Thermometer", "Thermomètre"],
  "part.oximeter": ["Oximeter", "Oxymètre"],
  "part.other": ["Stream {0}", "Flux {0}"],
  "partMeasuring": ["measuring", "mesure"],
  "partSilent": ["silent for {0} s", "silencieux depuis {0} s"],
  "lost": ["Declared losses", "Pertes déclarées"],
  "lostNone": ["None in this session, as far as this page has seen.", "Aucune dans cette séance, d'après ce que cette page a vu."],
  "lostReadings": ["{0} readings: {1}", "{0} mesures : {1}"],
  "lostSamples": ["{0} samples: {1}", "{0} échantillons : {1}"],
  "lostAtLeast": ["at least {0}", "au moins {0}"],
  "events": ["Messages", "Messages"],
  "eventsNone": ["No messages.", "Aucun message."],
  "nextStep": ["Next step:", "À faire :"],
  "unknownCode": ["A message without text on this page.", "Un message sans texte sur cette page."],
  "health": ["Cart", "Chariot"],
  "healthOk": ["Everything works.", "Tout fonctionne."],
  "healthUnreachable": ["The gateway does not answer this page.", "La passerelle ne répond pas à cette page."],
  "requestFailed": ["The gateway did not answer. Try again.", "La passerelle n'a pas répondu. Réessayez."],

  "mdc.150456": ["Oxygen saturation (SpO₂)", "Saturation en oxygène (SpO₂)"],
  "mdc.149530": ["Pulse rate", "Fréquence du pouls"],
  "mdc.150448": ["Perfusion index", "Indice de perfusion"],
  "mdc.150388": ["Skin temperature", "Température cutanée"],
  "mdc.150364": ["Body temperature", "Température corporelle"],
  "mdc.188452": ["Armpit temperature", "Température axillaire"],
  "mdc.188424": ["Oral temperature", "Température orale"],
  "mdc.188420": ["Rectal temperature", "Température rectale"],
  "mdc.150392": ["Ear temperature", "Température tympanique"],
  "mdc.150021": ["Systolic pressure", "Pression systolique"],
  "mdc.150022": ["Diastolic pressure", "Pression diastolique"],
  "mdc.150023": ["Mean pressure", "Pression moyenne"],
  "mdc.149546": ["Pulse rate (cuff)", "Fréquence du pouls (brassard)"],
  "mdc.151562": ["Respiration rate", "Fréquence respiratoire"],
  "mdc.67108867": ["Sensor chip temperature", "Température de la puce du capteur"],
  "mdc.other": ["Quantity {0}", "Grandeur {0}"],

  "absence.notPresent": ["sensor not connected", "capteur non branché"],
  "absence.busFault": ["sensor cable fault", "défaut du câble du capteur"],
  "absence.checksumMismatch": ["sensor reading not confirmed", "lecture du capteur non confirmée"],
  "absence.sensorFault": ["sensor fault", "défaut du capteur"],
  "absence.outOfRange": ["outside the measuring range", "hors de la plage de mesure"],
  "absence.notSettled": ["measuring, please wait", "mesure en cours, patientez"],
  "absence.stale": ["the sensor gives no new value", "le capteur ne donne pas de nouvelle valeur"],
  "absence.wrongPart": ["another part answers in the sensor's place", "une autre pièce répond à la place du capteur"],
  "absence.unconfirmed": ["sudden change, being confirmed", "changement soudain, en cours de confirmation"],
  "absence.notOnPatient": ["sensor not on the patient", "capteur pas sur le patient"],
  "absence.motion": ["movement: keep the finger still", "mouvement : gardez le doigt immobile"],
  "absence.ambientLight": ["light from outside: cover the finger", "lumière extérieure : couvrez le doigt"],
  "absence.saturated": ["signal too strong for the sensor", "signal trop fort pour le capteur"],
  "absence.weakSignal": ["weak signal: warm the finger", "signal faible : réchauffez le doigt"],
  "absence.channelsSwapped": ["red and infrared exchanged on the board", "rouge et infrarouge inversés sur la carte"],
  "absence.suspended": ["switched off on purpose", "arrêté volontairement"],
  "absence.quarantined": ["sensor left alone after repeated faults", "capteur mis à l'écart après des défauts répétés"],
  "absence.cuffOnSameArm": ["a cuff is inflated on this arm", "un brassard est gonflé sur ce bras"],
  "absence.deflationTooFast": ["the cuff deflated too fast", "le brassard s'est dégonflé trop vite"],
  "absence.noDeflation": ["the cuff did not deflate", "le brassard ne s'est pas dégonflé"],
  "absence.tooFewBeats": ["too few beats seen in the cuff", "trop peu de battements vus dans le brassard"],
  "absence.envelopeAtEdge": ["the cuff was not inflated far enough, or let go too soon", "brassard pas assez gonflé, ou vidé trop tôt"],
  "absence.implausible": ["values that cannot belong together", "valeurs incompatibles entre elles"],
  "absence.stopped": ["ended by a person", "arrêté par une personne"],
  "absence.cuffFault": ["the cuff or its chain failed: see the message", "le brassard ou sa chaîne a failli : voir le message"],
  "absence.unknown": ["no value, for a reason this page does not know", "pas de valeur, pour une raison inconnue de cette page"],

  "gap.unknown": ["cause not known", "cause inconnue"],
  "gap.sensorOverrun": ["the sensor was read too late", "le capteur a été lu trop tard"],
  "gap.ringFull": ["the pod's memory was full", "la mémoire du pod était pleine"],
  "gap.powerLost": ["the pod lost its power", "le pod a perdu son alimentation"],
  "gap.storeDamaged": ["a store was damaged", "une mémoire était endommagée"],
  "gap.journalFull": ["the cart's store was full", "la mémoire du chariot était pleine"],
  "gap.frameRefused": ["damaged data was refused", "des données altérées ont été refusées"],
  "gap.sensorInterrupted": ["the sensor was away or was restarted", "le capteur était absent ou a redémarré"],
  "gap.sensorImplausible": ["the sensor's readings disagreed", "les lectures du capteur ne concordaient pas"],
  "gap.unexplained": ["nobody could say why", "personne n'a pu dire pourquoi"],
};

let current = "en";

/** The language in force, "en" or "fr". */
export function language() { return current; }

/** Sets it; anything but "fr" is English. */
export function setLanguage(name) {
  current = name === "fr" ? "fr" : "en";
  document.documentElement.lang = current;
}

/** What the browser prefers among the two; English when it names neither. */
export function preferredLanguage(preferences = navigator.languages ?? [navigator.language]) {
  for (const preference of preferences) {
    const name = String(preference).slice(0, 2).toLowerCase();
    if (languages.includes(name)) return name;
  }
  return "en";
}

export function has(key) { return Object.hasOwn(words, key); }

/** The text of a key, with {0}, {1}, … replaced. */
export function text(key, ...values) {
  if (!has(key)) return key;
  const chosen = words[key][current === "fr" ? 1 : 0];
  return chosen.replace(/\{(\d)\}/g, (whole, index) => String(values[index] ?? whole));
}

/** Fills every element that names its text by data-text, data-text-label or data-text-placeholder. */
export function fill(root = document) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  for (const element of root.querySelectorAll("[data-text-label]")) element.setAttribute("aria-label", text(element.dataset.textLabel));
  for (const element of root.querySelectorAll("[data-text-placeholder]")) element.placeholder = text(element.dataset.textPlaceholder);
}
