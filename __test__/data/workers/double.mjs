// Doubles the numbers of a batch, the later elements sooner.
export default async (batch, index) => {
  await new Promise((resolve) => setTimeout(resolve, index % 3 === 0 ? 8 : 1))
  const double = ({ values, shape }) => ({ values: values.map((value) => value * 2), shape })
  return Object.fromEntries(Object.entries(batch).map(([name, column]) => [name, double(column)]))
}
