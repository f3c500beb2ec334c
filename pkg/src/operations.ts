/** What the core can be asked; the twin of `ask` in src/bindings/js.rs, where each question is described. Constants, for a bundler inlines them. */

export const MarkerKeys = 0;
export const NextLoad = 1;
export const NextSave = 2;
export const FrameHead = 3;
export const InspectHead = 4;
export const Sha256 = 5;
export const CompilePolicy = 6;
export const ForgetPolicy = 7;
export const Take = 8;
export const Reason = 9;
