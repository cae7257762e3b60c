export function Operation() {
  return <main><h1>Operation</h1></main>;
}
