export function Traces() {
  return <main><h1>Traces</h1></main>;
}
