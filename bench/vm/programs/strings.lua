local total = 0
for round = 1, 20 do
  local parts = {}
  for i = 0, 49999 do parts[#parts + 1] = "item " .. tostring(i) end
  local line = ""
  for i = 1, 2000 do line = line .. "x" end
  total = total + #table.concat(parts, ",") + #line
end
print(total)
