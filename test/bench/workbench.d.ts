export class Workbench {
  static open(): Promise<Workbench>;
  close(): Promise<void>;
}
