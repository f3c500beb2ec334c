/** What the core can be asked; the twin of `ask` in src/bindings/js.rs, where each question is described. Constants, for a bundler inlines them. */

export const StreamPrefix = 0;
export const SnapshotPrefix = 1;
export const SnapshotKey = 2;
export const AttemptKey = 3;
export const PositionOf = 4;
export const NextLoad = 5;
export const NextSave = 6;
export const PlanSave = 7;
export const PlanPrune = 8;
export const FrameHead = 9;
export const InspectHead = 10;
export const Sha256 = 11;
export const CompilePolicy = 12;
export const ForgetPolicy = 13;
export const Take = 14;
export const Reason = 15;
export const TombstoneKey = 16;
