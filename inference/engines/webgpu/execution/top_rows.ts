export class TopRows {
  constructor(..._a: any[]) {}
  prepare(..._a: any[]): any {}
}
