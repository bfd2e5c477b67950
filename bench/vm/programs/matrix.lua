local function matrix(n, seed)
  local rows = {}
  for i = 0, n - 1 do
    local row = {}
    for j = 0, n - 1 do row[j + 1] = seed * (i - j) * (i + j) end
    rows[i + 1] = row
  end
  return rows
end

local function multiply(a, b, n)
  local c = {}
  for i = 1, n do
    local row = a[i]
    local result = {}
    for j = 1, n do
      local sum = 0.0
      for k = 1, n do sum = sum + row[k] * b[k][j] end
      result[j] = sum
    end
    c[i] = result
  end
  return c
end

local n = 200
local c = multiply(matrix(n, 0.5), matrix(n, 0.25), n)
print(string.format("%.3f", c[n // 2 + 1][n // 2 + 1]))
