local function place(n, row, columns, up, down)
  if row == n then return 1 end
  local count = 0
  for column = 0, n - 1 do
    if not columns[column + 1] and not up[row + column + 1] and not down[row - column + n + 1] then
      columns[column + 1] = true
      up[row + column + 1] = true
      down[row - column + n + 1] = true
      count = count + place(n, row + 1, columns, up, down)
      columns[column + 1] = false
      up[row + column + 1] = false
      down[row - column + n + 1] = false
    end
  end
  return count
end

local function flags(count)
  local t = {}
  for i = 1, count do t[i] = false end
  return t
end

local n = 9
local total = 0
for round = 1, 40 do total = total + place(n, 0, flags(n), flags(2 * n), flags(2 * n + 1)) end
print(total)
