// Record from the microphone as plain samples: no codec, no echo canceller, no automatic level.

const LONGEST_SECONDS = 60;

/** A recording in progress; `level` is called with values 0..1 while it runs. */
export class Recorder {
  constructor(level) {
    this.level = level;
    this.parts = [];
    this.samples = 0;
  }

  /** Begin; asks for the microphone. */
  async start(full) {
    if (!navigator.mediaDevices) throw new Error("This browser gives no microphone to pages that are not on this computer.");
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    this.context = new AudioContext();
    await this.context.audioWorklet.addModule("/page/capture.js");
    this.source = this.context.createMediaStreamSource(this.stream);
    this.node = new AudioWorkletNode(this.context, "capture", { numberOfOutputs: 0 });
    this.node.port.onmessage = ({ data }) => {
      this.parts.push(data);
      this.samples += data.length;
      this.level(data.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
      if (this.seconds >= LONGEST_SECONDS) full();
    };
    this.source.connect(this.node);
  }

  get seconds() {
    return this.samples / (this.context?.sampleRate ?? 48000);
  }

  /** End; answers the recording as a WAV file. */
  async stop() {
    for (const track of this.stream.getTracks()) track.stop();
    this.source.disconnect();
    const rate = this.context.sampleRate;
    await this.context.close();
    return new File([wav(this.parts, this.samples, rate)], "recording.wav", { type: "audio/wav" });
  }
}

function wav(parts, length, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * length));
  const text = (at, word) => [...word].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * length, true);
  let at = 44;
  for (const part of parts) {
    for (const value of part) {
      view.setInt16(at, Math.max(-32768, Math.min(32767, Math.round(value * 32768))), true);
      at += 2;
    }
  }
  return view.buffer;
}
