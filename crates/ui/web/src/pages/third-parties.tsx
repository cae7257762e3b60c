export function ThirdParties() {
  return <main><h1>ThirdParties</h1></main>;
}
