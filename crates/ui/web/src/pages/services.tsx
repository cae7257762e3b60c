export function Services() {
  return <main><h1>Services</h1></main>;
}
