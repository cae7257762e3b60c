export function Ingest() {
  return <main><h1>Ingest</h1></main>;
}
