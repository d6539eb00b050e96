// Runs in the audio thread: hands the microphone's samples over, about 40 times a second.

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.kept = new Float32Array(1152);
    this.count = 0;
  }

  process([input]) {
    if (!input.length) return true;
    for (const value of input[0]) {
      this.kept[this.count] = value;
      this.count += 1;
      if (this.count === this.kept.length) {
        this.port.postMessage(this.kept.slice());
        this.count = 0;
      }
    }
    return true;
  }
}

registerProcessor("capture", Capture);
