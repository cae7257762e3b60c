export function Audit() {
  return <main><h1>Audit</h1></main>;
}
