// A client of the documented system in two hundred lines: nothing but the
// browser's WebSocket and RTCPeerConnection. It does what the test that opened
// it asks for in the address (#{...}) and by orders, and reports to that test.

const task = JSON.parse(decodeURIComponent(location.hash.slice(1)))
const now = () => performance.timeOrigin + performance.now()
const report = (event, more = {}) =>
  fetch('/event', { method: 'POST', body: JSON.stringify({ page: task.name, event, at: now(), ...more }) })
/// When each step of the call was reached first, in Unix milliseconds. Told when
/// the call is over: telling takes time.
let marks = {}
const mark = (step) => (marks[step] ??= now())
addEventListener('error', (e) => report('error', { message: e.message }))
addEventListener('unhandledrejection', (e) => report('error', { message: String(e.reason?.stack ?? e.reason) }))

const CLIENT = 'jabber:client'
const FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing'
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
const parse = (text) => new DOMParser().parseFromString(text, 'text/xml').documentElement
const all = (element, name) => [...element.getElementsByTagName(name)]
const text = (element, name) => all(element, name)[0]?.textContent

// ---- chat -----------------------------------------------------------------

const socket = new WebSocket(task.ws, 'xmpp')
const waiting = []
const arrived = []
let onStanza = null
socket.onmessage = ({ data }) => {
  const element = parse(data)
  if (onStanza) onStanza(element)
  else if (waiting.length) waiting.shift()(element)
  else arrived.push(element)
}
socket.onclose = () => report('chat closed')
const next = () => (arrived.length ? Promise.resolve(arrived.shift()) : new Promise((done) => waiting.push(done)))
const until = async (name) => {
  for (;;) {
    const element = await next()
    if (element.localName === name) return element
  }
}

async function logIn() {
  const open = `<open to="${task.domain}" version="1.0" xmlns="${FRAMING}"/>`
  await new Promise((done) => (socket.onopen = done))
  socket.send(open)
  await until('features')
  const identity = btoa(`\0${task.user}-${task.app}\0${task.password}`)
  socket.send(`<auth mechanism="PLAIN" xmlns="urn:ietf:params:xml:ns:xmpp-sasl">${identity}</auth>`)
  await until('success')
  socket.send(open)
  await until('features')
  socket.send(`<iq id="_bind_auth_2" type="set" xmlns="${CLIENT}"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`)
  const jid = text(await until('iq'), 'jid')
  socket.send(`<iq from="${jid}" id="1:enableCarbons" type="set" xmlns="${CLIENT}"><enable xmlns="urn:xmpp:carbons:2"/></iq>`)
  await until('iq')
  socket.send(`<iq from="${jid}" id="1:getRoster" type="get" xmlns="${CLIENT}"><query xmlns="jabber:iq:roster"/></iq>`)
  await until('iq')
  socket.send(`<presence xmlns="${CLIENT}"/>`)
  return jid
}

// ---- signals --------------------------------------------------------------

let messages = 0
const session = { id: null, caller: task.role === 'caller' ? task.user : task.peer }
session.callee = task.role === 'caller' ? task.peer : task.user

function send(type, content) {
  const id = (Date.now().toString(16).slice(-8) + '5c414c7ad5' + (messages++).toString(16).padStart(6, '0')).padStart(24, '6')
  const common =
    `<sessionID>${session.id}</sessionID><callType>1</callType><callerID>${session.caller}</callerID>` +
    `<opponentsIDs><opponentID>${session.callee}</opponentID></opponentsIDs>`
  const info = content.info ? `<userInfo>${content.info}</userInfo>` : ''
  socket.send(
    `<message id="${id}" to="${task.peer}-${task.app}@${task.domain}" type="headline" xmlns="${CLIENT}">` +
      `<extraParams xmlns="${CLIENT}">${info}${common}${content.body ?? ''}` +
      `<moduleIdentifier>WebRTCVideoChat</moduleIdentifier><signalType>${type}</signalType><platform>web</platform>` +
      `</extraParams></message>`,
  )
}
const description = (pc) => `<sdp>${escape(pc.localDescription.sdp)}</sdp>`
const candidateXml = (c) =>
  `<iceCandidate><candidate>${escape(c.candidate)}</candidate><sdpMid>${c.sdpMid}</sdpMid>` +
  `<sdpMLineIndex>${c.sdpMLineIndex}</sdpMLineIndex></iceCandidate>`
const sendCandidates = (list) =>
  list.length && send('iceCandidates', { body: `<iceCandidates>${list.map(candidateXml).join('')}</iceCandidates>` })

// ---- media ----------------------------------------------------------------

/// A picture whose sixteen columns spell a frame counter in black and white.
function picture() {
  const canvas = document.createElement('canvas')
  canvas.width = 640
  canvas.height = 360
  const paint = canvas.getContext('2d')
  let counter = 0
  const draw = () => {
    for (let bit = 0; bit < 16; bit++) {
      paint.fillStyle = (counter >> bit) & 1 ? '#fff' : '#000'
      paint.fillRect(bit * 40, 0, 40, 180)
    }
    paint.fillStyle = '#2060c0'
    paint.fillRect(0, 180, 640, 180)
    paint.fillStyle = '#f0c020'
    paint.fillRect((counter * 8) % 600, 240, 40, 60)
    counter = (counter + 1) & 0xffff
  }
  draw()
  setInterval(draw, 33)
  return canvas.captureStream(30)
}

/// A tone of 440 Hz.
function sound(context) {
  const tone = new OscillatorNode(context, { frequency: 440 })
  const level = new GainNode(context, { gain: 0.5 })
  const out = new MediaStreamAudioDestinationNode(context)
  tone.connect(level).connect(out)
  tone.start()
  return out.stream
}

/// The browser's own camera and microphone, as they would be open for a preview.
async function openCamera() {
  const { width, height, frameRate } = task.camera
  const exactly = (value) => ({ exact: value })
  streams = [
    await navigator.mediaDevices.getUserMedia({
      audio: true,
      video: { width: exactly(width), height: exactly(height), frameRate: exactly(frameRate) },
    }),
  ]
  report('camera open')
}
function closeCamera() {
  for (const track of streams.flatMap((stream) => stream.getTracks())) track.stop()
  streams = []
  report('camera closed')
}

/// Says when the first picture of a track is decoded; nothing is shown.
async function watch(track) {
  const frames = new MediaStreamTrackProcessor({ track }).readable.getReader()
  const { value: frame } = await frames.read()
  if (!frame) return
  mark('first_frame')
  report('first frame', { width: frame.displayWidth, height: frame.displayHeight })
  frame.close()
  frames.cancel()
}

/// Holds a sender of pictures to the bitrate of the task, if it has one, at full size.
function limit(sender) {
  if (!task.maxBitrate || sender.track.kind !== 'video') return
  const parameters = sender.getParameters()
  for (const encoding of parameters.encodings) encoding.maxBitrate = task.maxBitrate
  return sender.setParameters({ ...parameters, degradationPreference: 'maintain-resolution' })
}

/// Tells what was received so far, and at which bitrate since it was told last.
let counted
async function stats() {
  const all = [...(await pc.getStats()).values()]
  const video = all.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video')
  const now = { bytes: video.bytesReceived, at: video.timestamp }
  const bitrate = (8000 * (now.bytes - counted.bytes)) / (now.at - counted.at)
  counted = now
  report('stats', { frames: video.framesDecoded, width: video.frameWidth, height: video.frameHeight, bitrate })
}

/// Hands received pictures and sound to the test.
function record(stream, context) {
  const video = document.getElementById('remote')
  video.srcObject = stream
  let frames = 0
  const canvas = document.createElement('canvas')
  const paint = canvas.getContext('2d', { willReadFrequently: true })
  const onFrame = (_, { width, height }) => {
    frames++
    if (frames === 1) report('first frame', { width, height })
    if (task.pictures?.includes(frames)) {
      canvas.width = width
      canvas.height = height
      paint.drawImage(video, 0, 0)
      const { data } = paint.getImageData(0, 0, width, height)
      fetch(`/picture?width=${width}&height=${height}`, { method: 'POST', body: data })
    }
    video.requestVideoFrameCallback(onFrame)
  }
  video.requestVideoFrameCallback(onFrame)
  if (!task.seconds) return
  const input = new MediaStreamAudioSourceNode(context, { mediaStream: stream })
  const tap = context.createScriptProcessor(4096, 1, 1)
  const wanted = task.seconds * 48000
  const samples = new Float32Array(wanted)
  let filled = 0
  tap.onaudioprocess = ({ inputBuffer }) => {
    const piece = inputBuffer.getChannelData(0)
    if (filled === 0 && !piece.some((s) => Math.abs(s) > 0.01)) return
    const room = Math.min(piece.length, wanted - filled)
    if (room <= 0) return
    samples.set(piece.subarray(0, room), filled)
    filled += room
    if (filled === wanted) fetch('/sound', { method: 'POST', body: samples })
  }
  input.connect(tap).connect(context.destination)
}

// ---- the call -------------------------------------------------------------

const jid = await logIn()
const context = task.camera ? null : new AudioContext({ sampleRate: 48000 })
let streams = task.camera ? [] : [sound(context), picture()]
let early = []
let pc = null
let described = false
let held = []

function connect(id) {
  session.id = id
  described = false
  early = []
  held = []
  pc = new RTCPeerConnection({ iceServers: task.iceServers ?? [] })
  for (const stream of streams) for (const track of stream.getTracks()) limit(pc.addTrack(track, stream))
  counted = { bytes: 0, at: 0 }
  const remote = new MediaStream()
  pc.ontrack = ({ track }) => {
    if (task.camera && track.kind === 'video') watch(track)
    remote.addTrack(track)
    if (!task.camera && remote.getTracks().length === 2) record(remote, context)
  }
  pc.onicecandidate = ({ candidate }) => {
    if (!candidate?.candidate) return
    if (described) sendCandidates([candidate])
    else held.push(candidate)
  }
  pc.oniceconnectionstatechange = ({ target }) => mark(`ice_${target.iceConnectionState}`)
  pc.onconnectionstatechange = ({ target }) => mark(target.connectionState)
}
function disconnect() {
  pc.close()
  pc = null
  session.id = null
}
async function addCandidates(list) {
  for (const candidate of list) await pc.addIceCandidate(candidate)
}
/// Both descriptions are known: what was gathered goes out in one stanza.
async function flush() {
  described = true
  sendCandidates(held)
  held = []
  await addCandidates(early.splice(0))
}

async function start() {
  marks = {}
  mark('start')
  connect(crypto.randomUUID())
  await pc.setLocalDescription(await pc.createOffer())
  send('call', { info: '<name>page</name><bandwidth>0</bandwidth>', body: description(pc) })
  mark('offer_sent')
}
function hangUp() {
  send('hangUp', { info: '<reason>bye</reason>' })
  disconnect()
  report('over', { marks })
}

async function onSignal(message) {
  const type = text(message, 'signalType')
  if (text(message, 'moduleIdentifier') !== 'WebRTCVideoChat') return
  if (type !== 'call' && text(message, 'sessionID') !== session.id) return
  if (type === 'call' && !pc && task.role === 'callee') {
    marks = {}
    mark('call_received')
    connect(text(message, 'sessionID'))
    await pc.setRemoteDescription({ type: 'offer', sdp: text(message, 'sdp') })
    await pc.setLocalDescription(await pc.createAnswer())
    send('accept', { info: '<name>page</name>', body: description(pc) })
    mark('accept_sent')
    await flush()
    report('call', { info: text(message, 'userInfo') ?? '' })
  } else if (type === 'accept') {
    mark('accept_received')
    await pc.setRemoteDescription({ type: 'answer', sdp: text(message, 'sdp') })
    await flush()
  } else if (type === 'iceCandidates') {
    const list = all(message, 'iceCandidate').map((c) => ({
      candidate: text(c, 'candidate'),
      sdpMid: text(c, 'sdpMid'),
      sdpMLineIndex: Number(text(c, 'sdpMLineIndex')),
    }))
    if (described) await addCandidates(list)
    else early.push(...list)
  } else if (type === 'hangUp' || type === 'reject') {
    disconnect()
    report('over', { info: text(message, 'userInfo') ?? '', marks })
  }
}

onStanza = (stanza) => {
  if (stanza.localName === 'message') onSignal(stanza)
  else if (stanza.localName === 'iq' && stanza.getAttribute('type') === 'get') {
    const to = stanza.getAttribute('from') ?? task.domain
    socket.send(`<iq id="${stanza.getAttribute('id')}" to="${to}" type="result" xmlns="${CLIENT}"/>`)
  }
}
arrived.splice(0).forEach(onStanza)
await report('ready', { jid })
const orders = new EventSource(`/orders/${task.name}`)
orders.onmessage = ({ data }) => {
  const does = { start, stats, 'hang up': hangUp, 'open camera': openCamera, 'close camera': closeCamera }
  does[data]()
}
