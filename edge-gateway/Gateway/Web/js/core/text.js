// @ts-check
// Every word of both pages, in English and French: those of readings and words of the wire from the vocabulary, all else here, one line a key, so that a test can read
// them. A missing key shows as the key.

import { words as vocabulary } from "./vocabulary.g.js";

/** The languages in which everything is said. */
export const languages = ["en", "fr"];

/** @type {Record<string, readonly string[]>} */
const words = {
  ...vocabulary,
  "title": ["Telemedicine cart", "Chariot de télémédecine"],
  "titleClinician": ["Consultation: live view", "Consultation : vue en direct"],
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
  "sessionUnheard": ["Nobody on the remote side is listening yet.", "Personne n'écoute encore de l'autre côté."],
  "clinicianLink": ["Link for the remote side", "Lien pour l'autre côté"],
  "clinicianLinkMeans": ["Whoever has this link can watch this session. It ends two minutes after the session is closed.", "Quiconque a ce lien peut suivre cette séance. Il cesse deux minutes après la fermeture de la séance."],
  "copy": ["Copy", "Copier"],
  "copied": ["Copied.", "Copié."],
  "openClinician": ["Open clinician view", "Ouvrir la page distante"],
  "link": ["Connection", "Liaison"],
  "connecting": ["Connecting …", "Connexion …"],
  "connected": ["Connected to the session's broker.", "Relié au serveur de la séance."],
  "reconnecting": ["Not connected. Trying again; values on this page grow old.", "Non relié. Nouvel essai ; les valeurs de cette page vieillissent."],
  "refusedToken": ["The broker refused this link: it is of another session, or the session has ended. Ask the cart's side for a new link.", "Le serveur a refusé ce lien : il est d'une autre séance, ou la séance est finie. Demandez un nouveau lien au côté du chariot."],
  "sessionOver": ["The session has ended. Ask the cart's side for a new link.", "La séance est finie. Demandez un nouveau lien au côté du chariot."],
  "refusedOther": ["The broker refused the connection (reason {0}).", "Le serveur a refusé la connexion (raison {0})."],
  "linkMissing": ["This page needs a whole link with broker, cart, session and token. Ask the cart's side for it.", "Cette page a besoin d'un lien complet avec serveur, chariot, séance et jeton. Demandez-le au côté du chariot."],
  "requests": ["Asked from elsewhere", "Demandé à distance"],
  "request.asked": ["(asked {0})", "(demandé à {0})"],
  "requestDone": ["Done", "Fait"],
  "requestNotPossible": ["Not possible", "Impossible"],
  "pods": ["Pods", "Pods"],
  "noPods": ["No pod has been seen.", "Aucun pod n'a été vu."],
  "podOnline": ["connected", "relié"],
  "podOffline": ["not connected", "non relié"],
  "podUnknown": ["connection not known", "liaison inconnue"],
  "gateway": ["Gateway", "Passerelle"],
  "pod": ["Pod {0}", "Pod {0}"],
  "notCeMarked": ["not CE-marked", "sans marquage CE"],
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
  "cartAway": ["The cart does not answer. These values are from {0}. Trying again.", "Le chariot ne répond plus. Ces valeurs datent de {0}. Nouvel essai en cours."],
  "cartAwayAtOnce": ["The cart does not answer. Trying again.", "Le chariot ne répond pas. Nouvel essai en cours."],
  "issueSince": ["since {0}", "depuis {0}"],
  "issueTimes": ["{0} times", "{0} fois"],
  "requestFailed": ["The gateway did not answer. Try again.", "La passerelle n'a pas répondu. Réessayez."],

  "lockTitle": ["The screen is locked", "L'écran est verrouillé"],
  "lockHow": ["Choose your name and type your PIN. STOP works as always.", "Choisissez votre nom et tapez votre code PIN. STOP fonctionne comme toujours."],
  "lockHowElsewhere": ["Type your name and your password. STOP works as always.", "Tapez votre nom et votre mot de passe. STOP fonctionne comme toujours."],
  "lockName": ["Name", "Nom"],
  "lockSecret": ["PIN or password", "Code PIN ou mot de passe"],
  "lockOpen": ["Unlock", "Déverrouiller"],
  "lockErase": ["Erase", "Effacer"],
  "lockNow": ["Lock", "Verrouiller"],
  "lockWithout": ["Continue without badge", "Continuer sans badge"],
  "lockWithoutMeans": ["What is done so is marked.", "Ce qui est fait ainsi est marqué."],
  "lockWithoutWho": ["without badge", "sans badge"],
  "lockClaimTitle": ["This cart has no administrator yet", "Ce chariot n'a pas encore d'administrateur"],
  "lockClaimHow": ["Type the code that stands on the gateway's console, then a name and a password of 12 characters or more.", "Tapez le code affiché sur la console de la passerelle, puis un nom et un mot de passe d'au moins 12 caractères."],
  "lockCode": ["Code of the console", "Code de la console"],
  "lockClaim": ["Make the account", "Créer le compte"],

  "choose": ["choose …", "choisir …"],
  "cuff": ["Blood pressure", "Pression artérielle"],
  "cuffAsk": ["Asked once per session: who is measured, and with which cuff.", "Demandé une fois par séance : qui est mesuré, et avec quel brassard."],
  "cuffCategory": ["Patient", "Patient"],
  "cuffSizeLabel": ["Cuff, by arm circumference", "Brassard, selon le tour de bras"],
  "cuffArm": ["The oximeter is on the same arm as the cuff.", "L'oxymètre est sur le même bras que le brassard."],
  "cuffSameArm": ["oximeter on the same arm", "oxymètre sur le même bras"],
  "cuffKeep": ["Keep for this session", "Retenir pour cette séance"],
  "cuffChange": ["Change", "Modifier"],
  "cuffStart": ["Measure", "Mesurer"],
  "cuffStop": ["STOP: open the cuff", "STOP : ouvrir le brassard"],
  "cuffStopSending": ["STOP is being sent.", "STOP est envoyé."],
  "cuffStopConfirmed": ["STOP is confirmed: the pod has taken it and opens the valves. If the cuff stays tight, pull the hose off.", "STOP est confirmé : le boîtier l'a reçu et ouvre les valves. Si le brassard reste serré, débranchez le tuyau."],
  "cuffStopUnconfirmed": ["STOP is not confirmed. Pull the hose off the cuff.", "STOP n'est pas confirmé. Débranchez le tuyau du brassard."],
  "cuffStopNoPod": ["No pod has taken it: none with a cuff is connected.", "Aucun boîtier ne l'a reçu : aucun avec brassard n'est relié."],
  "cuffStopPodSilent": ["The pod has not answered.", "Le boîtier n'a pas répondu."],
  "cuffStopStillOn": ["The pod has taken it, and still reports a measurement.", "Le boîtier l'a reçu, et annonce encore une mesure."],
  "cuffStopNoGateway": ["The cart has not answered.", "Le chariot n'a pas répondu."],
  "cuffPhaseUnknown": ["Nothing has been heard of the cuff in this session.", "Rien n'a été reçu du brassard dans cette séance."],
  "cuffPressure": ["Pressure in the cuff", "Pression dans le brassard"],
  "cuffPressureNow": ["Cuff now: {0} mmHg", "Brassard maintenant : {0} mmHg"],
  "cuffPressureNone": ["No live cuff pressure.", "Pas de pression du brassard en direct."],
  "cuffResult": ["Systolic / diastolic (mean)", "Systolique / diastolique (moyenne)"],
  "cuffPulse": ["Pulse {0} /min", "Pouls {0} /min"],
  "cuffMeasuredAt": ["measured at {0}", "mesuré à {0}"],
  "cuffAgeNow": ["less than a minute ago", "il y a moins d'une minute"],
  "cuffAgeMinutes": ["{0} min ago", "il y a {0} min"],
  "cuffPrevious": ["result before this measurement", "résultat d'avant cette mesure"],
  "cuffMessage": ["Last message of the cuff", "Dernier message du brassard"],
  "cuffNext.stopped": ["Measure again when the patient is ready.", "Mesurez de nouveau quand le patient est prêt."],
  "cuffNext.suspended": ["Say who is measured, run the self test with the cuff off the arm, then measure.", "Indiquez qui est mesuré, lancez l'autotest brassard retiré du bras, puis mesurez."],
  "cuffNext.motion": ["Rest the arm at heart level, ask for stillness and silence, measure again.", "Posez le bras à hauteur du cœur, demandez immobilité et silence, mesurez de nouveau."],
  "cuffNext.weakSignal": ["Put the cuff on bare skin, two fingers' breadth above the elbow, snug; measure again.", "Placez le brassard sur la peau nue, deux doigts au-dessus du coude, bien ajusté ; mesurez de nouveau."],
  "cuffNext.tooFewBeats": ["Check position and size of the cuff, ask for stillness, measure again.", "Vérifiez position et taille du brassard, demandez l'immobilité, mesurez de nouveau."],
  "cuffNext.envelopeAtEdge": ["Check that the cuff is snug, then measure again: it will be inflated further.", "Vérifiez que le brassard est ajusté, puis mesurez de nouveau : il sera gonflé davantage."],
  "cuffNext.deflationTooFast": ["Check hose and cuff for a leak, then measure again.", "Cherchez une fuite au tuyau et au brassard, puis mesurez de nouveau."],
  "cuffNext.noDeflation": ["Take the cuff off by hand. Look for a kink in the hose and run the self test.", "Retirez le brassard à la main. Cherchez un tuyau plié et lancez l'autotest."],
  "cuffNext.implausible": ["Check size and place of the cuff, ask for stillness, measure again.", "Vérifiez taille et place du brassard, demandez l'immobilité, mesurez de nouveau."],
  "cuffNext.cuffFault": ["Take the cuff off, follow the message below, run the self test before measuring again.", "Retirez le brassard, suivez le message ci-dessous, lancez l'autotest avant de mesurer de nouveau."],
  "cuffNext.linkLost": ["See that the cuff is empty, wait until the pod is connected, then measure again.", "Vérifiez que le brassard est vide, attendez que le boîtier soit connecté, puis mesurez de nouveau."],
  "cuffNext.sensorFault": ["Take the cuff off. Check the cuff's sensor, then run the self test.", "Retirez le brassard. Vérifiez le capteur du brassard, puis lancez l'autotest."],
  "cuffNext.other": ["Check cuff, hose and position, then measure again.", "Vérifiez brassard, tuyau et position, puis mesurez de nouveau."],
  "cuffTestTitle": ["Self test of the cuff's chain", "Autotest de la chaîne du brassard"],
  "cuffTestHow": ["Take the cuff off the arm and let it lie free: the test inflates beyond what an arm may feel. It lasts about a minute and a half.", "Retirez le brassard du bras et laissez-le libre : le test gonfle au-delà de ce qu'un bras peut subir. Il dure environ une minute et demie."],
  "cuffOff": ["The cuff is off the arm and lies free.", "Le brassard est retiré du bras et repose librement."],
  "cuffTestStart": ["Start the self test", "Lancer l'autotest"],
  "cuffTest.unknown": ["This page has seen no self test yet.", "Cette page n'a pas encore vu d'autotest."],
  "cuffTest.running": ["Self test under way.", "Autotest en cours."],
  "cuffTest.passed": ["Self test passed.", "Autotest réussi."],
  "cuffTest.failed": ["Self test failed: see the message.", "Autotest échoué : voir le message."],
  "cuffTest.due": ["A self test is due before measuring.", "Un autotest est nécessaire avant de mesurer."],
  "cuffNotEmpty": ["Take the cuff off by hand, now.", "Retirez le brassard à la main, maintenant."],
  "cuffNotEmptyDo": ["Nothing says that the cuff is empty (P1522). Open it at the arm, then pull the hose off. Do not measure with it until its self test has passed.", "Rien n'indique que le brassard est vide (P1522). Ouvrez-le au bras, puis retirez le tuyau. Ne mesurez pas avec lui avant un autotest réussi."],
  "cuffNotEmptyDone": ["The cuff is off the arm", "Le brassard est retiré du bras"],
  "cuffNotEmptyTold": ["The person at the cart says that the cuff is off", "La personne au chariot dit que le brassard est retiré"],
  "sound": ["Stethoscope", "Stéthoscope"],
  "bodyMap": ["Where the stethoscope sits, seen facing the patient", "Place du stéthoscope, vue face au patient"],
  "sideRight": ["R", "D"],
  "sideLeft": ["L", "G"],
  "site.none": ["place not said", "place non indiquée"],
  "siteRequested": ["asked for", "demandé"],
  "siteConfirmed": ["confirmed", "confirmé"],
  "filter.none": ["as confirmed", "comme confirmé"],
  "soundPosture": ["Posture", "Position"],
  "soundFilter": ["Filter", "Filtre"],
  "soundChooseSite": ["Choose a place on the body.", "Choisissez une place sur le corps."],
  "soundChosen": ["Chosen: {0}.", "Choisi : {0}."],
  "soundRequested": ["The doctor asks for: {0}.", "Le médecin demande : {0}."],
  "soundNothingAsked": ["Nothing is asked for.", "Rien n'est demandé."],
  "soundConfirmed": ["Confirmed: {0}.", "Confirmé : {0}."],
  "soundOff": ["The stethoscope is not being heard.", "Le stéthoscope n'est pas écouté."],
  "soundAsk": ["Ask for this place", "Demander cette place"],
  "soundAsked": ["Asked. The person at the cart confirms.", "Demandé. La personne au chariot confirme."],
  "soundNotSent": ["Not connected: nothing was sent. Try again.", "Non relié : rien n'a été envoyé. Réessayez."],
  "soundConfirm": ["Stethoscope is here: listen", "Le stéthoscope est là : écouter"],
  "soundEnd": ["Stop listening", "Arrêter l'écoute"],
  "soundWave": ["Sound of the stethoscope", "Son du stéthoscope"],
  "soundHear": ["Hear", "Entendre"],
  "soundMute": ["Mute", "Couper le son"],
  "soundVolume": ["Volume", "Volume"],
  "listenFilter": ["Filter for my ears", "Filtre pour mon oreille"],
  "soundWaiting": ["Waiting for sound.", "En attente du son."],
  "soundNone": ["No sound is arriving.", "Aucun son n'arrive."],
  "soundDropped": ["{0} pieces received, {1} missing, {2} too late.", "{0} morceaux reçus, {1} manquants, {2} trop tard."],
  "soundDroppedCart": ["On the cart: {0} gaps from the pod, {1} pieces that the network did not take.", "Sur le chariot : {0} trous venant du pod, {1} morceaux que le réseau n'a pas pris."],
  "soundGain": ["Gain {0} dB.", "Gain {0} dB."],
  "soundGainRule": ["Rule: the loudest sample of the last 3 s is brought to half of full scale, by 0 to 40 dB; down at once, up by at most 6 dB per second; not up without contact.", "Règle : l'échantillon le plus fort des 3 dernières secondes est porté à la moitié de la pleine échelle, de 0 à 40 dB ; baisse immédiate, hausse d'au plus 6 dB par seconde ; pas de hausse sans contact."],
  "soundFiltered": ["Heard with: {0}.", "Entendu avec : {0}."],
  "soundRaw": ["Picture and clips are not filtered.", "L'image et les enregistrements ne sont pas filtrés."],
  "soundRate": ["Heart sounds at {0} /min in this recording.", "Bruits du cœur à {0} /min dans cet enregistrement."],
  "verdictNone": ["No word on the recording yet.", "Pas encore d'avis sur l'enregistrement."],
  "clips": ["Clips", "Enregistrements"],
  "clipsNone": ["No clips yet.", "Pas encore d'enregistrement."],
  "clipsZip": ["All clips as a zip file", "Tous les enregistrements en fichier zip"],
  "clipRecord": ["Record 15 s (5 s before now)", "Enregistrer 15 s (dont 5 s d'avant)"],
  "clipBegun": ["Clip {0} is being recorded.", "Enregistrement {0} en cours."],
  "clipMissing": ["{0} s missing, silent in the clip", "{0} s manquantes, silence dans l'enregistrement"],
  "clipPlay": ["Play", "Lire"],
  "clipStop": ["Stop playing", "Arrêter la lecture"],
  "clipUsable": ["Usable", "Utilisable"],
  "clipNotUsable": ["Not usable", "Inutilisable"],
  "clipIsUsable": ["marked usable", "marqué utilisable"],
  "clipIsNotUsable": ["marked not usable", "marqué inutilisable"],
  "clipMarked": ["The mark on {0} was sent.", "L'avis sur {0} a été envoyé."],
  "clipNotHere": ["Clip {0} has not arrived here yet.", "L'enregistrement {0} n'est pas encore arrivé ici."],
  "clipPartly": ["Of clip {0} a part has not arrived here: it is silent.", "Une partie de l'enregistrement {0} n'est pas arrivée ici : elle est muette."],
  "check": ["Can you hear low sounds here?", "Entendez-vous les sons graves ici ?"],
  "checkHow": ["Heart sounds are low, and small loudspeakers do not give them. Play each tone, count the pulses, type the count. It tests your loudspeaker or headphones, not the patient.", "Les bruits du cœur sont graves, et les petits haut-parleurs ne les rendent pas. Lancez chaque ton, comptez les impulsions, tapez le nombre. Cela teste votre haut-parleur ou casque, pas le patient."],
  "checkPlay": ["Play {0} Hz", "Lancer {0} Hz"],
  "checkHeard": ["Pulses heard at {0} Hz", "Impulsions entendues à {0} Hz"],
  "checkSend": ["Send the counts", "Envoyer les nombres"],
  "checkNothing": ["Play a tone and type what you heard.", "Lancez un ton et tapez ce que vous avez entendu."],
  "checkSent": ["Sent.", "Envoyé."],
  "checkNotSent": ["Not connected: the counts were not sent.", "Non relié : les nombres n'ont pas été envoyés."],
  "checkAll": ["{0} Hz: heard.", "{0} Hz : entendu."],
  "checkPart": ["{0} Hz: {1} counted of {2}: use other headphones.", "{0} Hz : {1} comptées sur {2} : utilisez un autre casque."],

  "mdc.other": ["Quantity {0}", "Grandeur {0}"],
  "absence.unknown": ["no value, for a reason this page does not know", "pas de valeur, pour une raison inconnue de cette page"],
};

let current = "en";

/** The language in force, "en" or "fr". */
export function language() { return current; }

/**
 * Sets it; anything but "fr" is English.
 * @param {string} name
 */
export function setLanguage(name) { current = name === "fr" ? "fr" : "en"; }

/**
 * Which of the two comes first among preferences; English when they name neither.
 * @param {readonly string[]} preferences Language tags, the best first.
 */
export function preferredLanguage(preferences) {
  for (const preference of preferences) {
    const name = String(preference).slice(0, 2).toLowerCase();
    if (languages.includes(name)) return name;
  }
  return "en";
}

/** All keys. */
export function keys() { return Object.keys(words); }

/**
 * Whether there is a text of this key.
 * @param {string} key
 */
export function has(key) { return Object.hasOwn(words, key); }

/**
 * The text of a key, with {0}, {1}, … replaced.
 * @param {string} key
 * @param {...unknown} values
 */
export function text(key, ...values) {
  if (!has(key)) return key;
  const chosen = words[key][current === "fr" ? 1 : 0];
  return chosen.replace(/\{(\d)\}/g, (whole, index) => String(values[index] ?? whole));
}
